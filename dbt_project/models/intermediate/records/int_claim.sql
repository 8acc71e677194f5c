-- 理赔: newest known version of each claim, with the district and industry of its policy.
-- A claim whose policy is not known yet waits here (policy columns null) and counts nowhere; nor does one
-- sent by somebody who neither issued nor co-insures the policy (feeds.md: a provider speaks for itself).
with

claims as (
    {{ newest_versions(ref('stg_insurer__claim'), ['claim_no']) }}
),

policies as (
    select * from {{ ref('fct_policy') }}
),

providers as (
    select * from {{ ref('ref_provider') }}
),

members as (
    select * from {{ ref('fct_coinsurance') }} where is_shared
),

final as (
    select
        claims.claim_no,
        claims.policy_no,
        claims.insured_uscc,
        claims.loss_date,
        claims.report_date,
        claims.register_date,
        claims.decide_date,
        claims.close_date,
        claims.paid_date,
        claims.district_code as loss_district_code,
        claims.accident_id,
        claims.accident_type,
        claims.deaths,
        claims.serious_injuries,
        claims.estimate,
        claims.paid_to_date,
        claims.advance_paid,
        claims.loss_employee,
        claims.loss_third_party_injury,
        claims.loss_third_party_property,
        claims.loss_rescue,
        claims.loss_medical,
        claims.loss_appraisal,
        claims.loss_legal,
        claims.loss_other,
        claims.status,
        claims.provider,
        claims.received_at,
        claims.file_id,
        claims.sheet,
        claims.line_no,
        policies.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.inception_date,
        coalesce(policies.is_valid, false)
        and (providers.insurer_code = policies.insurer_code or members.policy_no is not null) as has_valid_policy
    from claims
    left join policies
        on claims.policy_no = policies.policy_no
    left join providers
        on claims.provider = providers.provider
    left join members
        on claims.policy_no = members.policy_no
        and providers.insurer_code = members.insurer_code
)

select * from final
