-- 方案没有完成: a unit's plan for a year that is over had more visits than were completed (威应急发〔2023〕11号 四(二)). Signal.
with

plans as (
    select
        plans.*,
        make_date(plans.plan_year, 12, 31) as year_end
    from {{ ref('fct_service_plan') }} as plans
    cross join {{ ref('int_as_of') }} as days
    where plans.insured_uscc is not null and plans.planned_visits > 0 and make_date(plans.plan_year, 12, 31) < days.as_of
),

visits as (
    select
        insurer_code,
        jurisdiction,
        insured_uscc,
        {{ year_of('finished_on') }} as plan_year,
        count(*) as visits
    from {{ ref('fct_service') }}
    where is_completed and has_valid_policy
    group by insurer_code, jurisdiction, insured_uscc, {{ year_of('finished_on') }}
)

select
    {{ finding(
        'plan_not_kept', 'plans', feed='service_plan', key='plans.record_key', found_on='plans.year_end',
        evidence="'service_plan:' || plans.provider || '/' || plans.record_key",
        value_1='plans.planned_visits', value_2='coalesce(visits.visits, 0)', district='null', industry='null', unit='plans.insured_uscc'
    ) }}
from plans
left join visits
    on plans.insurer_code = visits.insurer_code
    and plans.jurisdiction = visits.jurisdiction
    and plans.insured_uscc = visits.insured_uscc
    and plans.plan_year = visits.plan_year
where coalesce(visits.visits, 0) < {{ share_of('plans.planned_visits', finding_threshold('plan_not_kept', 'plans.year_end', 'plans.jurisdiction')) }}
