-- A branch with policies of the year and no plan of its own for it, some time into the year (威应急发〔2023〕11号 四(二)).
with

branches as (
    select
        policies.jurisdiction,
        policies.insurer_code,
        policies.stat_year,
        count(*) as policies,
        min(policies.provider || '/' || policies.policy_no) as policy
    from {{ ref('evidence_policy') }} as policies
    where policies.is_incepted
    group by policies.jurisdiction, policies.insurer_code, policies.stat_year
),

overall as (
    select distinct
        jurisdiction,
        insurer_code,
        plan_year
    from {{ ref('fct_service_plan') }}
    where insured_uscc is null
),

due as (
    select
        branches.*,
        {{ add_days(
            'make_date(branches.stat_year, 1, 1)',
            "cast(" ~ finding_threshold('plan_missing', 'make_date(branches.stat_year, 12, 31)', 'branches.jurisdiction') ~ " as integer)"
        ) }} as due_on
    from branches
)

select
    {{ finding(
        'plan_missing', 'due', feed='service_plan',
        key="due.jurisdiction || '|' || due.insurer_code || '|' || cast(due.stat_year as string)", found_on='due.due_on',
        evidence="'policy:' || due.policy", value_1='due.policies', district='null', industry='null', located=false,
        is_past='make_date(due.stat_year, 12, 31) < days.as_of'
    ) }}
from due
cross join {{ ref('int_as_of') }} as days
left join overall
    on due.jurisdiction = overall.jurisdiction
    and due.insurer_code = overall.insurer_code
    and due.stat_year = overall.plan_year
where overall.plan_year is null and due.due_on < days.as_of
