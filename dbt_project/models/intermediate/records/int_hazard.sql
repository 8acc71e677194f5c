-- 隐患: the version of each hazard that counts, in its own district and in the industry of the policy it was
-- found under: its service's policy, else the newest policy begun by then that the unit has with its sender, or that its sender
-- co-insures. None known: no industry, so that it counts in the totals over industries only.
with

hazards as (
    {{ newest_versions('hazard') }}
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

-- Few hazards name no service, or one that nobody knows. Asked of staging, of any version: the rows of all hazards need not be held twice.
found as (
    select distinct
        hazards.provider,
        hazards.insured_uscc,
        hazards.found_date
    from {{ staged('hazard') }} as hazards
    left join services
        on hazards.provider = services.insurer_provider
        and hazards.service_no = services.service_no
        and services.is_its_insurers_number
    where services.service_no is null
),

meant as (
    select
        found.provider as sender,
        found.found_date,
        policies.provider,
        policies.policy_no,
        policies.industry_code,
        policies.insured_uscc,
        policies.inception_date
    from found
    inner join policies
        on found.provider = policies.provider
        and found.insured_uscc = policies.insured_uscc
        and found.found_date >= policies.inception_date

    union all

    select
        found.provider as sender,
        found.found_date,
        policies.provider,
        policies.policy_no,
        policies.industry_code,
        policies.insured_uscc,
        policies.inception_date
    from found
    inner join {{ ref('int_shared_policy') }} as shared
        on found.provider = shared.provider
    inner join policies
        on shared.policy_provider = policies.provider
        and shared.policy_no = policies.policy_no
        and found.insured_uscc = policies.insured_uscc
        and found.found_date >= policies.inception_date
),

candidates as (
    select
        *,
        row_number() over (
            partition by sender, insured_uscc, found_date order by inception_date desc, policy_no, provider
        ) as place
    from meant
),

placed as (
    select
        hazards.*,
        districts.jurisdiction,
        coalesce(services.policy_no, candidates.policy_no) as policy_no,
        coalesce(services.policy_provider, candidates.provider) as policy_provider,
        coalesce(services.industry_code, candidates.industry_code) as industry_code,
        cast(hazards.rechecked_at as date) as rechecked_on
    from hazards
    inner join districts
        on hazards.district_code = districts.district_code
    left join services
        on hazards.provider = services.insurer_provider
        and hazards.service_no = services.service_no
        and services.is_its_insurers_number
    left join candidates
        on services.service_no is null
        and hazards.provider = candidates.sender
        and hazards.insured_uscc = candidates.insured_uscc
        and hazards.found_date = candidates.found_date
        and candidates.place = 1
),

final as (
    select
        hazards.*,
        -- The sender sets the deadline, no later than the rule allows (trust.md 4): nothing is hidden behind a day far off.
        least(
            coalesce(hazards.rectify_due, hazards.found_date),
            {{ add_days('hazards.found_date', "cast(case when hazards.grade = '重大' then "
                ~ rule_value('major_hazard_days_max', 'hazards.found_date', 'hazards.jurisdiction', 'hazards.industry_code') ~ " else "
                ~ rule_value('hazard_days_max', 'hazards.found_date', 'hazards.jurisdiction', 'hazards.industry_code') ~ " end as integer)") }}
        ) as due_date
    from placed as hazards
)

select * from final
