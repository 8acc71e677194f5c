-- 理赔: the version of each claim that counts, with the district and industry of its policy: one of its sender's, or one its
-- sender co-insures. A claim whose policy is not known yet waits here (policy columns null) and counts nowhere; so does
-- one of an insurer that neither issued nor co-insures the policy, as it has none under that number.
-- Lead and follower report the same case: the lead's version counts, the follower's is compared with it (trust.md 1).
with

claims as (
    {{ newest_versions('claim') }}
),

policies as (
    select * from {{ ref('fct_policy') }}
),

shared as (
    select * from {{ ref('int_shared_policy') }}
),

repeats as (
    select * from {{ ref('int_claim_repeat') }}
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
        claims.payment_kind,
        claims.rescue_assist,
        claims.status,
        claims.provider,
        claims.received_at,
        claims.file_id,
        claims.sheet,
        claims.line_no,
        policies.provider as policy_provider,
        policies.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.inception_date,
        repeats.leader_claim_no,
        coalesce(awaiting.awaits, false) as awaits_confirmation,
        coalesce(policies.is_valid and repeats.claim_no is null, false) as has_valid_policy
    from claims
    left join shared
        on claims.provider = shared.provider
        and claims.policy_no = shared.policy_no
    left join policies
        on coalesce(shared.policy_provider, claims.provider) = policies.provider
        and claims.policy_no = policies.policy_no
    left join repeats
        on claims.provider = repeats.provider
        and claims.claim_no = repeats.claim_no
    left join ({{ awaiting('claim') }}) as awaiting
        on claims.provider = awaiting.provider
        and claims.claim_no = awaiting.record_key
)

select * from final
