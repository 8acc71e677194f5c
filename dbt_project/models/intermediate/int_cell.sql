-- The grid of the statistics: every jurisdiction, year, district and industry, with ALL for totals.
with

districts as (
    select jurisdiction, district_code, name, sort_no from {{ ref('ref_district') }}
    union all
    select jurisdiction, 'ALL' as district_code, '全市' as name, 0 as sort_no from {{ ref('ref_jurisdiction') }}
),

industries as (
    select industry_code, name from {{ ref('ref_industry') }}
    union all
    select 'ALL' as industry_code, '全部行业' as name
),

final as (
    select
        periods.jurisdiction,
        periods.stat_year,
        periods.period_start,
        periods.period_end,
        periods.as_of,
        districts.district_code,
        districts.name as district_name,
        industries.industry_code,
        industries.name as industry_name
    from {{ ref('int_period') }} as periods
    inner join districts
        on periods.jurisdiction = districts.jurisdiction
    cross join industries
)

select * from final
