-- 低价投保: the premium per head of a policy is a small part of what the field pays in the city that year (W64; 应急〔2025〕27号). Signal.
with

priced as (
    select
        policies.*,
        {{ year_of('policies.inception_date') }} as stat_year,
        policies.premium_received / policies.insured_persons as per_head
    from {{ ref('fct_policy') }} as policies
    cross join {{ ref('int_as_of') }} as days
    where policies.is_valid and policies.insured_persons > 0 and policies.inception_date <= days.as_of
        and policies.project_code is null and not policies.awaits_confirmation
),

medians as (
    select
        jurisdiction,
        industry_code,
        stat_year,
        count(*) as policies,
        {{ median_yuan('per_head') }} as median_per_head
    from priced
    group by jurisdiction, industry_code, stat_year
)

select
    {{ finding(
        'price_far_from_field', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='cast(policies.per_head as decimal(18, 2))',
        value_2='cast(medians.median_per_head as decimal(18, 2))', amount='policies.premium_received', unit='policies.insured_uscc'
    ) }}
from priced as policies
inner join medians
    on policies.jurisdiction = medians.jurisdiction
    and policies.industry_code = medians.industry_code
    and policies.stat_year = medians.stat_year
where medians.policies >= {{ finding_least('price_far_from_field', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
    and policies.per_head < {{ share_of('medians.median_per_head', finding_threshold('price_far_from_field', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code'), 3) }}
