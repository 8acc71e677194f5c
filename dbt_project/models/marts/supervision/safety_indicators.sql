-- 背景指标: deaths in accidents beside the area's output and employees, per district and year (沪安委办〔2023〕32号 引言: deaths per 100 million
-- yuan of output). Deaths as reported with accidents; output and employees as the areas report them (indicator).
with

told as (
    select
        districts.jurisdiction,
        indicators.district_code,
        cast(indicators.year as integer) as stat_year,
        max(case when indicators.name in ('地区生产总值', 'GDP') then indicators.value * case indicators.unit when '万元' then 0.0001 when '元' then 0.00000001 else 1 end end) as output,
        max(case when indicators.name in ('从业人员', '从业人员数') then indicators.value * case indicators.unit when '人' then 0.0001 else 1 end end) as employees,
        {{ joined_values("'indicator:' || indicators.district_code || '|' || cast(indicators.year as string) || '|' || indicators.name", '；') }} as evidence_keys
    from {{ ref('fct_indicator') }} as indicators
    inner join {{ ref('ref_district') }} as districts
        on indicators.district_code = districts.district_code
    group by districts.jurisdiction, indicators.district_code, indicators.year
),

died as (
    select
        district_code,
        {{ year_of('occurred_at') }} as stat_year,
        count(*) as accidents,
        sum(coalesce(deaths, 0)) as deaths
    from {{ ref('fct_accident') }}
    group by district_code, {{ year_of('occurred_at') }}
),

joined as (
    select
        told.*,
        coalesce(died.accidents, 0) as accidents,
        coalesce(died.deaths, 0) as deaths
    from told
    left join died
        on told.district_code = died.district_code
        and told.stat_year = died.stat_year
)

select
    jurisdiction,
    case when grouping(district_code) = 1 then 'ALL' else district_code end as district_code,
    stat_year,
    cast(sum(accidents) as bigint) as accidents,
    cast(sum(deaths) as bigint) as deaths,
    cast(sum(output) as decimal(18, 4)) as output_100m_yuan,
    cast(sum(employees) as decimal(18, 4)) as employees_10k,
    round({{ ratio('sum(deaths)', 'sum(output)') }}, 9) as deaths_per_100m_yuan,
    round({{ ratio('sum(deaths) * 10', 'sum(employees)') }}, 9) as deaths_per_100k_employees,
    case when grouping(district_code) = 1 then null else max(evidence_keys) end as evidence_keys
from joined
group by grouping sets ((jurisdiction, district_code, stat_year), (jurisdiction, stat_year))
