-- 应保未保处置漏斗: units without cover now, how many of them are on a problem list, fined, fined again; and units
-- once listed as uninsured that have bought cover since (安全生产法 第一百零九条; 沪安委办〔2023〕32号 一(三)).
with

problems as (
    select distinct target_code as uscc from {{ ref('fct_problem') }} where kind = '应保未保'
),

uninsured as (
    select
        uninsured.jurisdiction,
        {{ year_of('uninsured.as_of') }} as stat_year,
        uninsured.district_code,
        uninsured.industry_code,
        uninsured.uscc,
        uninsured.fines,
        case when problems.uscc is not null then uninsured.uscc end as listed_uscc,
        case when uninsured.enforcement_cases > 0 then uninsured.uscc end as fined_uscc,
        case when uninsured.enforcement_cases > 1 then uninsured.uscc end as refined_uscc,
        cast(null as string) as cured_uscc
    from {{ ref('uninsured_units') }} as uninsured
    left join problems
        on uninsured.uscc = problems.uscc
),

cured as (
    select
        required.jurisdiction,
        required.stat_year,
        required.district_code,
        required.industry_code,
        cast(null as string) as uscc,
        cast(null as decimal(24, 2)) as fines,
        cast(null as string) as listed_uscc,
        cast(null as string) as fined_uscc,
        cast(null as string) as refined_uscc,
        required.uscc as cured_uscc
    from {{ ref('evidence_participation') }} as required
    inner join problems
        on required.uscc = problems.uscc
    cross join {{ ref('int_as_of') }} as days
    where required.is_insured and required.stat_year = {{ year_of('days.as_of') }}
),

every as (
    select * from uninsured
    union all
    select * from cured
),

counted as (
    select
        {{ cell_columns() }},
        count(distinct uscc) as uninsured_units,
        count(distinct listed_uscc) as listed_units,
        count(distinct fined_uscc) as fined_units,
        count(distinct refined_uscc) as fined_again_units,
        count(distinct cured_uscc) as cured_units,
        sum(fines) as fines
    from every
    group by {{ cell_groups() }}
),

final as (
    select
        counted.jurisdiction,
        counted.cell_district as district_code,
        counted.cell_industry as industry_code,
        counted.uninsured_units,
        counted.listed_units,
        counted.fined_units,
        counted.fined_again_units,
        counted.cured_units,
        {{ yuan('coalesce(counted.fines, 0)') }} as fines,
        days.as_of
    from counted
    cross join {{ ref('int_as_of') }} as days
)

select * from final
