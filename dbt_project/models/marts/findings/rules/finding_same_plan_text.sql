-- 方案雷同: a branch gives units of several fields the same plan (威应急发〔2023〕11号 二(五): by industry and unit).
with

fields as (
    -- A unit insured in several fields does not say which of them its plan is for.
    select
        insured_uscc,
        min(industry_code) as industry_code
    from {{ ref('fct_policy') }}
    where is_valid
    group by insured_uscc
    having count(distinct industry_code) = 1
),

texts as (
    select
        plans.jurisdiction,
        plans.insurer_code,
        plans.plan_year,
        trim(plans.goal) as goal,
        count(distinct fields.industry_code) as industries,
        min(plans.provider || '/' || plans.record_key) as first_plan,
        max(plans.provider || '/' || plans.record_key) as last_plan
    from {{ ref('fct_service_plan') }} as plans
    inner join fields
        on plans.insured_uscc = fields.insured_uscc
    where plans.goal is not null
    group by plans.jurisdiction, plans.insurer_code, plans.plan_year, trim(plans.goal)
),

ranked as (
    select
        *,
        row_number() over (partition by jurisdiction, insurer_code, plan_year order by industries desc, goal) as place
    from texts
),

worst as (
    select
        ranked.*,
        -- A plan of a year that is not over is judged today.
        least(make_date(ranked.plan_year, 12, 31), days.as_of) as judged_on
    from ranked
    cross join {{ ref('int_as_of') }} as days
    where ranked.place = 1
)

select
    {{ finding(
        'same_plan_text', 'worst', feed='service_plan',
        key="worst.jurisdiction || '|' || worst.insurer_code || '|' || cast(worst.plan_year as string)", found_on='worst.judged_on',
        evidence="'service_plan:' || worst.first_plan || '；service_plan:' || worst.last_plan", value_1='worst.industries',
        value_2='substring(worst.goal, 1, 40)', district='null', industry='null', located=false
    ) }}
from worst
where worst.industries >= {{ finding_threshold('same_plan_text', 'worst.judged_on', 'worst.jurisdiction') }}
