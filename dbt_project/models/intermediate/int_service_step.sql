-- 服务流程: each step of the process (domain.md 3.3) for each policy, visit or hazard that owes it, in the year it
-- became due: since when, and when it was done. R11 (yearly evaluation) is insurer_metrics.evaluation_score.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

policies as (
    select policies.*
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where policies.is_valid and policies.inception_date <= as_of.as_of
),

plans as (
    select
        provider,
        plan_year,
        insured_uscc,
        min(cast(coalesce(confirmed_at, consulted_at, received_at) as date)) as made_on
    from {{ ref('fct_service_plan') }}
    group by provider, plan_year, insured_uscc
),

visits as (
    select * from {{ ref('fct_service') }} where has_valid_policy and status <> '取消'
),

hazards as (
    select * from {{ ref('fct_hazard') }} where industry_code is not null
),

paid as (
    select
        service_no,
        min(entry_date) as paid_on
    from {{ ref('fct_fee_entry') }}
    where type = '支出' and is_proven
    group by service_no
),

steps as (
    select
        'R0' as step_code, jurisdiction, district_code, industry_code, insurer_code, policy_no as record_key,
        inception_date as due_on,
        case when survey_date <= inception_date then survey_date end as done_on
    from policies

    union all

    select
        'R1' as step_code, jurisdiction, district_code, industry_code, insurer_code, policy_no as record_key,
        inception_date as due_on,
        case when service_frequency > 0 and fee_ratio > 0 and service_items is not null then issue_date end as done_on
    from policies

    union all

    select
        'R2' as step_code, policies.jurisdiction, policies.district_code, policies.industry_code, policies.insurer_code,
        policies.policy_no as record_key,
        policies.inception_date as due_on,
        coalesce(own.made_on, overall.made_on) as done_on
    from policies
    left join plans as own
        on policies.provider = own.provider
        and policies.insured_uscc = own.insured_uscc
        and own.plan_year = {{ year_of('policies.inception_date') }}
    left join plans as overall
        on policies.provider = overall.provider
        and overall.insured_uscc is null
        and overall.plan_year = {{ year_of('policies.inception_date') }}

    union all

    select
        'R3' as step_code, jurisdiction, district_code, industry_code, insurer_code, service_no as record_key,
        coalesce(planned_date, finished_on) as due_on,
        cast(appointed_at as date) as done_on
    from visits

    union all

    select
        'R4' as step_code, jurisdiction, district_code, industry_code, insurer_code, service_no as record_key,
        coalesce(planned_date, finished_on) as due_on,
        case when status = '已完成' then finished_on end as done_on
    from visits

    union all

    select
        'R5' as step_code, jurisdiction, district_code, industry_code, insurer_code, hazard_no as record_key,
        found_date as due_on,
        cast(written_notice_at as date) as done_on
    from hazards

    union all

    select
        'R6' as step_code, jurisdiction, district_code, industry_code, insurer_code, hazard_no as record_key,
        due_date as due_on,
        cast(coalesce(rectified_at, rechecked_at) as date) as done_on
    from hazards

    union all

    select
        'R7' as step_code, jurisdiction, district_code, industry_code, insurer_code, hazard_no as record_key,
        due_date as due_on,
        rechecked_on as done_on
    from hazards

    union all

    select
        'R8' as step_code, jurisdiction, district_code, industry_code, insurer_code, service_no as record_key,
        finished_on as due_on,
        revisit_date as done_on
    from visits
    where status = '已完成'

    union all

    select
        'R9' as step_code, jurisdiction, district_code, industry_code, insurer_code, service_no as record_key,
        finished_on as due_on,
        case when is_completed then cast(coalesce(archived_at, insurer_confirmed_at) as date) end as done_on
    from visits
    where status = '已完成'

    union all

    select
        'R10' as step_code, visits.jurisdiction, visits.district_code, visits.industry_code, visits.insurer_code,
        visits.service_no as record_key,
        visits.finished_on as due_on,
        paid.paid_on as done_on
    from visits
    left join paid
        on visits.service_no = paid.service_no
    where visits.is_completed
),

final as (
    select
        steps.*,
        {{ year_of('steps.due_on') }} as stat_year,
        case
            when steps.done_on is null then {{ days_inclusive('steps.due_on', 'as_of.as_of') }} - 1
        end as days_waiting
    from steps
    cross join as_of
    where steps.due_on <= as_of.as_of
)

select * from final
