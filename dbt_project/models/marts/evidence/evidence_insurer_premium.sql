-- Premium of each period after the co-insurance split, per insurer and policy (M21).
with

premium as (
    select * from {{ ref('evidence_premium') }}
),

members as (
    select * from {{ ref('fct_coinsurance') }}
),

policies as (
    select
        provider,
        policy_no,
        inception_date,
        cover_end
    from {{ ref('fct_policy') }}
),

final as (
    select
        premium.jurisdiction,
        premium.stat_year,
        premium.district_code,
        premium.industry_code,
        members.insurer_code,
        premium.insured_uscc,
        premium.provider,
        premium.policy_no,
        premium.endorsement_no,
        premium.effective_date,
        policies.inception_date,
        policies.cover_end,
        members.is_shared,
        cast({{ share_of('premium.premium_received', 'members.part') }} as decimal(24, 8)) as premium_received,
        cast({{ share_of('premium.premium_written', 'members.part') }} as decimal(24, 8)) as premium_written,
        cast({{ share_of('premium.fee_contracted', 'members.part', 8) }} as decimal(24, 8)) as fee_contracted,
        premium.file_id,
        premium.sheet,
        premium.line_no
    from premium
    inner join members
        on premium.provider = members.provider
        and premium.policy_no = members.policy_no
    inner join policies
        on premium.provider = policies.provider
        and premium.policy_no = policies.policy_no
)

select * from final
