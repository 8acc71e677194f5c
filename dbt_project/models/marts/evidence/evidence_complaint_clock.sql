-- 投诉时效: complaints registered in each period and whether they were answered in time (AQ 9010-2019, 6):
-- within 10 working days; 30 if it needs checking; 30 days more if extended: either, or both. Unanswered and past the
-- limit at the period's end is late; unanswered within it does not count yet.
with

complaints as (
    select * from {{ ref('fct_complaint') }}
),

providers as (
    select * from {{ ref('ref_provider') }}
),

insurers as (
    select * from {{ ref('ref_insurer') }}
),

periods as (
    select * from {{ ref('int_period') }}
),

calendar as (
    select * from {{ ref('dim_date') }}
),

limited as (
    select
        complaints.*,
        providers.jurisdiction,
        cast(complaints.answered_at as date) as answered_on,
        registered.working_day_no
        + case
            when complaints.needs_check then {{ rule_value('complaint_check_working_days', 'complaints.received_on', 'providers.jurisdiction') }}
            else {{ rule_value('complaint_answer_working_days', 'complaints.received_on', 'providers.jurisdiction') }}
        end as last_working_day_no,
        cast(
            case
                when complaints.extended then {{ rule_value('complaint_extension_days', 'complaints.received_on', 'providers.jurisdiction') }}
                else 0
            end as integer
        ) as extra_days
    from complaints
    inner join providers
        on complaints.provider = providers.provider
    left join calendar as registered
        on complaints.received_on = registered.day
),

dated as (
    select
        limited.*,
        {{ add_days('last_days.day', 'limited.extra_days') }} as due_date
    from limited
    left join calendar as last_days
        on limited.last_working_day_no = last_days.working_day_no
        and last_days.is_working_day
),

final as (
    select
        periods.jurisdiction,
        periods.stat_year,
        insurers.insurer_code,
        dated.target_code,
        dated.provider,
        dated.complaint_no,
        dated.topic,
        dated.received_on,
        case when dated.answered_on <= periods.period_end then dated.answered_on end as answered_on,
        dated.due_date,
        case
            when dated.answered_on <= least(dated.due_date, periods.period_end) then true
            when dated.due_date < periods.period_end or dated.answered_on <= periods.period_end then false
        end as is_on_time,
        coalesce(dated.substantiated, false) as is_substantiated,
        dated.file_id,
        dated.sheet,
        dated.line_no
    from dated
    inner join periods
        on dated.jurisdiction = periods.jurisdiction
        and dated.received_on between periods.period_start and periods.period_end
    left join insurers
        on dated.target_code = insurers.insurer_code
)

select * from final
