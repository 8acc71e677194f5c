{{ config(materialized='view') }}
-- 未足额: required units that are insured, but for fewer persons than they employ, or with a limit below the floor
-- in force at the policy's inception (应急〔2025〕27号 第十五、十六条). Uninsured ones are in uninsured_units.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

required as (
    select required.*
    from {{ ref('evidence_participation') }} as required
    cross join as_of
    where required.stat_year = {{ year_of('as_of.as_of') }} and required.is_insured
),

cover as (
    select
        policies.insured_uscc,
        policies.industry_code,
        min(policies.limit_per_person) as limit_per_person,
        max({{ rule_value('limit_per_person_min', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}) as limit_floor,
        min(policies.insurer_code) as insurer_code,
        max(policies.cover_end) as cover_end
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where policies.is_valid and as_of.as_of between policies.inception_date and policies.cover_end
    group by policies.insured_uscc, policies.industry_code
),

final as (
    select
        required.jurisdiction,
        required.district_code,
        required.industry_code,
        required.uscc,
        units.name as unit_name,
        departments.department,
        required.employees,
        required.insured_persons,
        greatest(coalesce(required.employees, 0) - coalesce(required.insured_persons, 0), 0) as missing_persons,
        cover.limit_per_person,
        {{ yuan('cover.limit_floor') }} as limit_floor,
        case
            when required.insured_persons < required.employees and cover.limit_per_person < cover.limit_floor then '人数和限额不足'
            when required.insured_persons < required.employees then '人数不足'
            else '限额不足'
        end as reason,
        required.policy_no,
        required.policy_provider,
        cover.insurer_code,
        cover.cover_end,
        as_of.as_of,
        required.file_id,
        required.sheet,
        required.line_no
    from required
    cross join as_of
    inner join cover
        on required.uscc = cover.insured_uscc
        and required.industry_code = cover.industry_code
    left join {{ ref('dim_unit') }} as units
        on required.uscc = units.uscc
    left join {{ ref('int_responsible_department') }} as departments
        on required.jurisdiction = departments.jurisdiction
        and required.industry_code = departments.industry_code
    where required.insured_persons < required.employees or cover.limit_per_person < cover.limit_floor
)

select * from final
