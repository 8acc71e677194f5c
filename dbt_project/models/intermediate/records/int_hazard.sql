-- 隐患: newest known version of each hazard, in its own district and in the industry of the policy it was
-- found under: its service's policy, else the unit's newest policy begun by then. None known: no industry,
-- so that it counts in the totals over industries only.
with

hazards as (
    {{ newest_versions(ref('stg_insurer__hazard'), ['hazard_no']) }}
),

services as (
    select * from {{ ref('fct_service') }} where industry_code is not null
),

policies as (
    select * from {{ ref('fct_policy') }} where is_valid
),

districts as (
    select * from {{ ref('ref_district') }}
),

-- Few hazards name no service. Asked of staging, of any version: the rows of all hazards need not be held twice.
found as (
    select distinct
        insured_uscc,
        found_date
    from {{ ref('stg_insurer__hazard') }}
    where service_no is null
),

candidates as (
    select
        found.insured_uscc,
        found.found_date,
        policies.policy_no,
        policies.industry_code,
        row_number() over (
            partition by found.insured_uscc, found.found_date order by policies.inception_date desc, policies.policy_no
        ) as place
    from found
    inner join policies
        on found.insured_uscc = policies.insured_uscc
        and found.found_date >= policies.inception_date
),

final as (
    select
        hazards.*,
        districts.jurisdiction,
        coalesce(services.policy_no, candidates.policy_no) as policy_no,
        coalesce(services.industry_code, candidates.industry_code) as industry_code,
        coalesce(hazards.rectify_due, hazards.found_date) as due_date,
        cast(hazards.rechecked_at as date) as rechecked_on
    from hazards
    inner join districts
        on hazards.district_code = districts.district_code
    left join services
        on hazards.service_no = services.service_no
    left join candidates
        on hazards.service_no is null
        and hazards.insured_uscc = candidates.insured_uscc
        and hazards.found_date = candidates.found_date
        and candidates.place = 1
)

select * from final
