-- 数据截至 of each sender and feed: the latest day it declared, else the day its newest file came that left rows (trust.md 3).
with

declared as (
    select
        provider,
        feed,
        max(covers_to) as covers_to
    from {{ ref('int_declaration') }}
    group by provider, feed
),

received as (
    select
        provider,
        feed,
        max(cast(received_at as date)) as last_received
    from {{ ref('stg_quality__files') }}
    where is_known and status = 'loaded' and rows_accepted > 0 and provider <> {{ home_sender() }}
    group by provider, feed
),

final as (
    select
        coalesce(received.provider, declared.provider) as provider,
        coalesce(received.feed, declared.feed) as feed,
        coalesce(declared.covers_to, received.last_received) as covers_to,
        declared.covers_to is not null as is_declared,
        received.last_received
    from received
    full outer join declared
        on received.provider = declared.provider
        and received.feed = declared.feed
)

select * from final
