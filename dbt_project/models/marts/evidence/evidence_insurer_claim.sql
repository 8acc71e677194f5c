-- Claim amounts of each period after the co-insurance split, per insurer: what a claim adds to each
-- member's loss ratio. The split never changes the total (domain.md 5.2).
with

claims as (
    select * from {{ ref('evidence_claim') }}
),

members as (
    select * from {{ ref('fct_coinsurance') }}
),

final as (
    select
        claims.jurisdiction,
        claims.stat_year,
        claims.district_code,
        claims.industry_code,
        members.insurer_code,
        claims.insured_uscc,
        claims.provider,
        claims.policy_no,
        claims.policy_provider,
        claims.claim_no,
        claims.loss_in_period,
        cast({{ share_of('claims.settled', 'members.part') }} as decimal(24, 8)) as settled,
        cast({{ share_of('claims.paid_open', 'members.part') }} as decimal(24, 8)) as paid_open,
        cast({{ share_of('claims.outstanding', 'members.part') }} as decimal(24, 8)) as outstanding,
        claims.file_id,
        claims.sheet,
        claims.line_no
    from claims
    inner join members
        on claims.policy_provider = members.provider
        and claims.policy_no = members.policy_no
)

select * from final
