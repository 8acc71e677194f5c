-- 费率: the factor lies outside the filed band, or the premium is not base times factor (沪安委办〔2023〕32号 二(一)). Of several rows of a
-- clause the most specific one says the band.
with

filed as (
    select
        policies.provider,
        policies.policy_no,
        clauses.rate_factor_min,
        clauses.rate_factor_max,
        row_number() over (
            partition by policies.provider, policies.policy_no
            order by {{ precedence('clauses', of_field=false) }} desc, clauses.rate_factor_min, clauses.rate_factor_max
        ) as place
    from {{ ref('fct_policy') }} as policies
    inner join {{ ref('ref_clause') }} as clauses
        on {{ is_filed_for('clauses', 'policies') }}
)

select
    {{ finding(
        'rate_outside_band', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='policies.rate_factor',
        value_2='cast(' ~ share_of('policies.base_premium', 'policies.rate_factor') ~ ' as decimal(24, 2))', amount='policies.premium_written', unit='policies.insured_uscc'
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
-- Only where the city's table of filed clauses has been handed in.
inner join (
    select distinct cities.jurisdiction
    from {{ ref('ref_jurisdiction') }} as cities
    inner join {{ ref('ref_clause') }} as filed
        on filed.jurisdiction is null or cities.jurisdiction = filed.jurisdiction
) as tables_of
    on policies.jurisdiction = tables_of.jurisdiction
left join filed as clauses
    on policies.provider = clauses.provider
    and policies.policy_no = clauses.policy_no
    and clauses.place = 1
where policies.is_valid and policies.inception_date <= days.as_of
    and (
        policies.rate_factor not between clauses.rate_factor_min and clauses.rate_factor_max
        or abs(policies.premium_written - {{ share_of('policies.base_premium', 'policies.rate_factor') }})
        > {{ share_of(
            share_of('policies.base_premium', 'policies.rate_factor'), finding_threshold('rate_outside_band', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code'), 8
        ) }}
    )
