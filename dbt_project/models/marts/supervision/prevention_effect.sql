-- 预防效果: how often units have accidents and claims on insured days with and without a service in the year before, by field and size
-- (沪安委办〔2023〕32号 一(二); 威应急发〔2023〕11号 二(四)). Per thousand insured unit-years, with the numbers they are made of: few events say little,
-- and units are not served by lot. Events: evidence_prevention.
{%- set sized_columns %}jurisdiction,
        stat_year,
        case when grouping(industry_code) = 1 then 'ALL' else industry_code end as industry_code,
        case when grouping(size_band) = 1 then '合计' else size_band end as size_band,
        is_served{% endset %}
{%- set sized_groups %}grouping sets (
        (jurisdiction, stat_year, industry_code, size_band, is_served),
        (jurisdiction, stat_year, industry_code, is_served),
        (jurisdiction, stat_year, size_band, is_served),
        (jurisdiction, stat_year, is_served)
    ){% endset %}
with

flags as (
    select true as is_served
    union all
    select false as is_served
),

days as (
    select
        units.jurisdiction,
        exposure.stat_year,
        exposure.industry_code,
        sizes.size_band,
        flags.is_served,
        exposure.insured_uscc,
        case when flags.is_served then exposure.served_days else exposure.unserved_days end as unit_days
    from {{ ref('int_exposure') }} as exposure
    cross join flags
    inner join {{ ref('dim_unit') }} as units
        on exposure.insured_uscc = units.uscc
    inner join {{ ref('int_unit_size') }} as sizes
        on exposure.insured_uscc = sizes.uscc
),

exposed as (
    select
        {{ sized_columns }},
        count(distinct insured_uscc) as units,
        sum(unit_days) as unit_days
    from days
    where unit_days > 0
    group by {{ sized_groups }}
),

sized as (
    select
        events.*,
        sizes.size_band
    from {{ ref('evidence_prevention') }} as events
    inner join {{ ref('int_unit_size') }} as sizes
        on events.insured_uscc = sizes.uscc
),

happened as (
    select
        {{ sized_columns }},
        sum(case when kind = '事故' then 1 else 0 end) as accidents,
        sum(case when kind = '事故' then coalesce(deaths, 0) else 0 end) as deaths,
        sum(case when kind = '赔案' then 1 else 0 end) as claims,
        sum(coalesce(paid, 0)) as claims_paid
    from sized
    group by {{ sized_groups }}
),

final as (
    select
        exposed.jurisdiction,
        exposed.stat_year,
        exposed.industry_code,
        exposed.size_band,
        case when exposed.is_served then '近一年有服务' else '近一年无服务' end as service_state,
        exposed.units,
        cast(exposed.unit_days as bigint) as unit_days,
        cast(coalesce(happened.accidents, 0) as bigint) as accidents,
        cast(coalesce(happened.deaths, 0) as bigint) as deaths,
        cast(coalesce(happened.claims, 0) as bigint) as claims,
        {{ yuan('coalesce(happened.claims_paid, 0)') }} as claims_paid,
        round({{ ratio('happened.accidents * 365000', 'exposed.unit_days') }}, 6) as accidents_per_1000_years,
        round({{ ratio('happened.claims * 365000', 'exposed.unit_days') }}, 6) as claims_per_1000_years
    from exposed
    left join happened
        on exposed.jurisdiction = happened.jurisdiction
        and exposed.stat_year = happened.stat_year
        and exposed.industry_code = happened.industry_code
        and exposed.size_band = happened.size_band
        and exposed.is_served = happened.is_served
)

select * from final
