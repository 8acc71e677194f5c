-- 费率与风险等级相反: in a year an insurer's factors of a field are lower where the grade of risk is higher (W16: 风险状况 is the main
-- ground of rate and premium). The two higher grades against the two lower ones; few policies say nothing. Signal.
with

graded as (
    select
        policies.*,
        {{ year_of('policies.inception_date') }} as stat_year,
        case
            when policies.risk_grade like '%重大%' or policies.risk_grade like '%较大%' then 1
            when policies.risk_grade like '%一般%' or policies.risk_grade like '%低%' then 0
        end as is_high
    from {{ ref('fct_policy') }} as policies
    cross join {{ ref('int_as_of') }} as days
    where policies.is_valid and policies.rate_factor is not null and policies.inception_date <= days.as_of
),

averaged as (
    select
        jurisdiction,
        insurer_code,
        industry_code,
        stat_year,
        count(*) as policies,
        max(inception_date) as found_on,
        cast(avg(case when is_high = 1 then cast(rate_factor as double) end) as decimal(18, 4)) as high_factor,
        cast(avg(case when is_high = 0 then cast(rate_factor as double) end) as decimal(18, 4)) as low_factor,
        min(case when is_high = 1 then provider || '/' || policy_no end) as high_policy,
        min(case when is_high = 0 then provider || '/' || policy_no end) as low_policy
    from graded
    where is_high is not null
    group by jurisdiction, insurer_code, industry_code, stat_year
)

select
    {{ finding(
        'rate_against_grade', 'averaged', feed='policy',
        key="averaged.jurisdiction || '|' || averaged.insurer_code || '|' || averaged.industry_code || '|' || cast(averaged.stat_year as string)",
        found_on='averaged.found_on', evidence="'policy:' || averaged.high_policy || '；policy:' || averaged.low_policy",
        value_1='averaged.high_factor', value_2='averaged.low_factor', district='null', located=false
    ) }}
from averaged
where averaged.policies >= {{ finding_least('rate_against_grade', 'averaged.found_on', 'averaged.jurisdiction', 'averaged.industry_code') }}
    and averaged.low_factor - averaged.high_factor
    > {{ finding_threshold('rate_against_grade', 'averaged.found_on', 'averaged.jurisdiction', 'averaged.industry_code') }}
