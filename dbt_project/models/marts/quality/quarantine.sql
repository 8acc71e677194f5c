-- Rejected rows and refused files. A row is released once the same sender had the same record, or one of the feed that says it
-- corrects this one, accepted later; superseded by one that says so and was rejected itself. A refused file is released by a later
-- one of its name of which rows were accepted. Closed once the sender answered that it will not come again.
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
        feed,
        reject_no,
        max(received_at) as last_received_at
    from corrections
    group by provider, feed, reject_no
),

rejected_again as (
    select
        provider,
        feed,
        upper(trim(corrects)) as reject_no,
        max(received_at) as last_received_at
    from issues
    where corrects is not null
    group by provider, feed, upper(trim(corrects))
),

files as (
    select
        provider,
        feed,
        file_name,
        max(received_at) as last_received_at
    from {{ ref('stg_quality__files') }}
    where is_known and status = 'loaded' and rows_accepted > 0
    group by provider, feed, file_name
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
            when files.last_received_at > issues.received_at then 'released'
            when rejected_again.last_received_at > issues.received_at then 'superseded'
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
        and issues.feed = corrected.feed
        and issues.reject_no = corrected.reject_no
        and issues.line_no is not null
    left join rejected_again
        on issues.provider = rejected_again.provider
        and issues.feed = rejected_again.feed
        and issues.reject_no = rejected_again.reject_no
        and issues.line_no is not null
    left join files
        on issues.provider = files.provider
        and issues.feed = files.feed
        and issues.file_name = files.file_name
        and issues.severity = 'fatal'
    left join answers
        on issues.provider = answers.provider
        -- Numbers of refused files used to be given out with a dash at their end.
        and issues.reject_no = regexp_replace(answers.subject_no, '-$', '')
)

select * from final
