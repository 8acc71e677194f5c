-- 企业名录: newest known version of each (unit, field) row.
with

roster as (
    {{ newest_versions(ref('stg_department__enterprise'), ['uscc', 'industry_code']) }}
),

districts as (
    select * from {{ ref('ref_district') }}
),

final as (
    select
        roster.*,
        districts.jurisdiction
    from roster
    inner join districts
        on roster.district_code = districts.district_code
)

select * from final
