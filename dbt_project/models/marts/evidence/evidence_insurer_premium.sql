-- Premium of each period after the co-insurance split, per insurer and policy (M21).
with

premium as (
    select * from {{ ref('evidence_premium') }}
),

-- Few policies are shared; all the others are wholly their own insurer's.
members as (
    select * from {{ ref('fct_coinsurance') }} where is_shared
),

parts as (
    select
        premium.*,
        coalesce(members.insurer_code, premium.insurer_code) as member_code,
        coalesce(members.is_shared, false) as is_shared,
        coalesce(members.part, cast(1 as decimal(9, 6))) as part
    from premium
    left join members
        on premium.policy_no = members.policy_no
),

final as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        member_code as insurer_code,
        insured_uscc,
        policy_no,
        endorsement_no,
        is_shared,
        cast(premium_received * part as decimal(24, 8)) as premium_received,
        cast(premium_written * part as decimal(24, 8)) as premium_written,
        cast(cast(fee_contracted as decimal(24, 8)) * part as decimal(24, 8)) as fee_contracted,
        file_id,
        sheet,
        line_no
    from parts
)

select * from final
