-- 累计参保单位 (M02): distinct units with an inception from programme start to the period's end.
with

first_inceptions as (
    select
        jurisdictions.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insured_uscc as uscc,
        min(policies.inception_date) as first_inception
    from {{ ref('int_policy') }} as policies
    inner join {{ ref('ref_jurisdiction') }} as jurisdictions
        on policies.jurisdiction = jurisdictions.jurisdiction
        and policies.inception_date >= jurisdictions.programme_start
    where policies.is_valid
    group by jurisdictions.jurisdiction, policies.district_code, policies.industry_code, policies.insured_uscc
),

by_period as (
    select
        periods.stat_year,
        first_inceptions.*
    from first_inceptions
    inner join {{ ref('int_period') }} as periods
        on first_inceptions.jurisdiction = periods.jurisdiction
        and first_inceptions.first_inception <= periods.period_end
),

final as (
    select
        {{ cell_columns() }},
        count(distinct uscc) as insured_units_cumulative
    from by_period
    group by {{ cell_groups() }}
)

select * from final
