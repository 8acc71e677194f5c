{{ config(materialized='view') }}
-- 投保企业清单: units insured at each period's end, per district and field, with their cover and the year's
-- services (威应急发〔2023〕11号 三(二)1: lists per industry and per area).
with

policies as (
    select * from {{ ref('evidence_policy') }} where is_in_force
),

services as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insured_uscc,
        count(*) as services,
        max(finished_on) as last_service_on
    from {{ ref('evidence_service') }}
    group by jurisdiction, stat_year, district_code, industry_code, insured_uscc
),

required as (
    select * from {{ ref('evidence_participation') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

grouped as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insured_uscc,
        count(*) as policies,
        count(distinct insurer_code) as insurers,
        min(inception_date) as first_inception,
        max(cover_end) as cover_end,
        sum(insured_persons) as insured_persons,
        min(limit_per_person) as lowest_limit_per_person,
        min(policy_no) as policy_no,
        min_by(provider, policy_no || ' ' || provider) as policy_provider
    from policies
    group by jurisdiction, stat_year, district_code, industry_code, insured_uscc
),

final as (
    select
        grouped.jurisdiction,
        grouped.stat_year,
        grouped.district_code,
        grouped.industry_code,
        grouped.insured_uscc,
        units.name as unit_name,
        required.uscc is not null as is_required,
        grouped.policies,
        grouped.insurers,
        grouped.policy_no,
        grouped.policy_provider,
        grouped.first_inception,
        grouped.cover_end,
        cast(grouped.insured_persons as bigint) as insured_persons,
        grouped.lowest_limit_per_person,
        cast(coalesce(services.services, 0) as bigint) as services,
        services.last_service_on
    from grouped
    left join services
        on grouped.jurisdiction = services.jurisdiction
        and grouped.stat_year = services.stat_year
        and grouped.district_code = services.district_code
        and grouped.industry_code = services.industry_code
        and grouped.insured_uscc = services.insured_uscc
    left join required
        on grouped.stat_year = required.stat_year
        and grouped.insured_uscc = required.uscc
        and grouped.industry_code = required.industry_code
    left join units
        on grouped.insured_uscc = units.uscc
)

select * from final
