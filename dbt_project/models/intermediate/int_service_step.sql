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
        provider,
        service_no,
        min(entry_date) as paid_on
    from {{ ref('fct_fee_entry') }}
    where type = '支出' and is_proven
    group by provider, service_no
),

-- Several steps of a record come from one look at it: read once for each step, all policies, visits and hazards
-- would be kept in memory meanwhile.
policy_steps as (
    select
        kinds.step_code, policies.jurisdiction, policies.district_code, policies.industry_code, policies.insurer_code,
        policies.policy_no as record_key,
        policies.inception_date as due_on,
        case kinds.step_code
            when 'R0' then case when policies.survey_date <= policies.inception_date then policies.survey_date end
            when 'R1' then
                case
                    when policies.service_frequency > 0 and policies.fee_ratio > 0 and policies.service_items is not null
                        then policies.issue_date
                end
            else coalesce(own.made_on, overall.made_on)
        end as done_on
    from policies
    left join plans as own
        on policies.provider = own.provider
        and policies.insured_uscc = own.insured_uscc
        and own.plan_year = {{ year_of('policies.inception_date') }}
    left join plans as overall
        on policies.provider = overall.provider
        and overall.insured_uscc is null
        and overall.plan_year = {{ year_of('policies.inception_date') }}
    cross join (values ('R0'), ('R1'), ('R2')) as kinds (step_code)
),

visit_steps as (
    select
        kinds.step_code, visits.jurisdiction, visits.district_code, visits.industry_code, visits.insurer_code,
        visits.service_no as record_key,
        case
            when kinds.step_code in ('R3', 'R4') then coalesce(visits.planned_date, visits.finished_on)
            else visits.finished_on
        end as due_on,
        case kinds.step_code
            when 'R3' then cast(visits.appointed_at as date)
            when 'R4' then case when visits.status = '已完成' then visits.finished_on end
            when 'R8' then visits.revisit_date
            when 'R9' then
                case
                    when visits.is_completed then cast(coalesce(visits.archived_at, visits.insurer_confirmed_at) as date)
                end
            else paid.paid_on
        end as done_on
    from visits
    left join paid
        on visits.provider = paid.provider
        and visits.service_no = paid.service_no
    cross join (values ('R3'), ('R4'), ('R8'), ('R9'), ('R10')) as kinds (step_code)
    where kinds.step_code in ('R3', 'R4')
        or (kinds.step_code in ('R8', 'R9') and visits.status = '已完成')
        or (kinds.step_code = 'R10' and visits.is_completed)
),

hazard_steps as (
    select
        kinds.step_code, hazards.jurisdiction, hazards.district_code, hazards.industry_code, hazards.insurer_code,
        hazards.hazard_no as record_key,
        case when kinds.step_code = 'R5' then hazards.found_date else hazards.due_date end as due_on,
        case kinds.step_code
            when 'R5' then cast(hazards.written_notice_at as date)
            when 'R6' then cast(coalesce(hazards.rectified_at, hazards.rechecked_at) as date)
            else hazards.rechecked_on
        end as done_on
    from hazards
    cross join (values ('R5'), ('R6'), ('R7')) as kinds (step_code)
),

steps as (
    select * from policy_steps

    union all

    select * from visit_steps

    union all

    select * from hazard_steps
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
