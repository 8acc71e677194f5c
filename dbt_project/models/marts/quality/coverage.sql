-- 报送完整性: of each sender and feed how far its data reach (数据截至), when more is or was due, and what it declared beside what came.
with

declared as (
    select
        provider,
        feed,
        count(*) as declared_periods,
        sum(case when differs then 1 else 0 end) as differing_periods,
        sum(declared_rows) as declared_rows,
        sum(case when declared_rows is not null then loaded_rows end) as loaded_rows,
        sum(declared_amount) as declared_amount,
        sum(case when declared_amount is not null then loaded_amount end) as loaded_amount
    from {{ ref('declarations') }}
    group by provider, feed
),

final as (
    select
        reaches.jurisdiction,
        reaches.provider,
        reaches.feed,
        reaches.covers_to,
        reaches.is_declared,
        reaches.last_received,
        reaches.is_owed,
        reaches.due,
        reaches.days_late,
        cast(coalesce(declared.declared_periods, 0) as bigint) as declared_periods,
        cast(coalesce(declared.differing_periods, 0) as bigint) as differing_periods,
        cast(declared.declared_rows as bigint) as declared_rows,
        cast(declared.loaded_rows as bigint) as loaded_rows,
        {{ yuan('declared.declared_amount') }} as declared_amount,
        {{ yuan('declared.loaded_amount') }} as loaded_amount
    from {{ ref('int_coverage') }} as reaches
    left join declared
        on reaches.provider = declared.provider
        and reaches.feed = declared.feed
)

select * from final
