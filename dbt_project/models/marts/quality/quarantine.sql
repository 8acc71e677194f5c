-- Rejected rows and refused files; released once the same sender had the same record accepted later.
with

issues as (
    select * from {{ ref('stg_quality__issues') }} where severity in ('reject', 'fatal')
),

rejected as (
    select distinct
        provider,
        feed,
        record_key
    from issues
    where record_key is not null
),

accepted as (
    {{ accepted_keys('rejected') }}
),

final as (
    select
        issues.file_id,
        issues.provider,
        issues.feed,
        issues.file_name,
        issues.sheet,
        issues.line_no,
        issues.record_key,
        issues.rule_code,
        issues.severity,
        issues.column_name,
        issues.raw_value,
        issues.message,
        case when accepted.last_received_at > issues.received_at then 'released' else 'open' end as status,
        issues.received_at
    from issues
    left join accepted
        on issues.provider = accepted.provider
        and issues.feed = accepted.feed
        and issues.record_key = accepted.record_key
)

select * from final
