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

candidates as (
    select
        hazards.hazard_no,
        policies.policy_no,
        policies.industry_code,
        row_number() over (
            partition by hazards.hazard_no order by policies.inception_date desc, policies.policy_no
        ) as place
    from hazards
    inner join policies
        on hazards.insured_uscc = policies.insured_uscc
        and hazards.found_date >= policies.inception_date
    where hazards.service_no is null
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
        on hazards.hazard_no = candidates.hazard_no
        and candidates.place = 1
)

select * from final
