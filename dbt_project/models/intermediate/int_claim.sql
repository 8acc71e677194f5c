-- 理赔: newest known version of each claim, with the district and industry of its policy.
-- A claim whose policy is not known yet waits here (policy columns null) and counts nowhere.
with

claims as (
    {{ newest_versions(ref('stg_insurer__claim'), ['claim_no']) }}
),

policies as (
    select * from {{ ref('int_policy') }}
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
        coalesce(policies.is_valid, false) as has_valid_policy
    from claims
    left join policies
        on claims.policy_no = policies.policy_no
)

select * from final
