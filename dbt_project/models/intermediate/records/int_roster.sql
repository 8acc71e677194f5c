-- 企业名录: of each unit and field, the newest word of the senders that have not withdrawn theirs.
with

roster as (
    {{ newest_versions('enterprise') }}
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
