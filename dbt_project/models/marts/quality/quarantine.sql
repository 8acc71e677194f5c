-- Rejected rows and refused files; released once the same sender had the same record, or one that says it corrects this one,
-- accepted later; closed once it answered that it will not come again.
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

corrections as (
    {{ corrections() }}
),

corrected as (
    select
        provider,
        reject_no,
        max(received_at) as last_received_at
    from corrections
    group by provider, reject_no
),

answers as (
    select * from {{ ref('fct_answer') }}
),

final as (
    select
        issues.reject_no,
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
        case
            when accepted.last_received_at > issues.received_at then 'released'
            when corrected.last_received_at > issues.received_at then 'released'
            when answers.kind = '不再补报' then 'closed'
            else 'open'
        end as status,
        answers.kind as answer_kind,
        answers.answer_text,
        issues.received_at
    from issues
    left join accepted
        on issues.provider = accepted.provider
        and issues.feed = accepted.feed
        and issues.record_key = accepted.record_key
    left join corrected
        on issues.provider = corrected.provider
        and issues.reject_no = corrected.reject_no
    left join answers
        on issues.provider = answers.provider
        and issues.reject_no = answers.subject_no
)

select * from final
