{{ config(materialized='table') }}
-- 共保双报的案件: claims of followers that the lead reports too. Matched by 主承赔案号, else by policy, day of loss and unit
-- (trust.md 7); of several cases of that day the one of the same number, then the nearest in amount.
with

claims as (
    {{ newest_versions('claim') }}
),

shared as (
    select * from {{ ref('int_shared_policy') }}
),

followed as (
    select
        claims.provider,
        claims.claim_no,
        claims.lead_claim_no,
        claims.policy_no,
        claims.insured_uscc,
        claims.loss_date,
        claims.estimate,
        claims.paid_to_date,
        shared.policy_provider
    from claims
    inner join shared
        on claims.provider = shared.provider
        and claims.policy_no = shared.policy_no
),

matched as (
    select
        followed.provider,
        followed.claim_no,
        leaders.provider as leader_provider,
        leaders.claim_no as leader_claim_no,
        followed.estimate,
        followed.paid_to_date,
        leaders.estimate as leader_estimate,
        leaders.paid_to_date as leader_paid_to_date,
        row_number() over (
            partition by followed.provider, followed.claim_no
            order by
                case when leaders.claim_no = followed.lead_claim_no then 0 when leaders.claim_no = followed.claim_no then 1 else 2 end,
                abs(leaders.paid_to_date - followed.paid_to_date),
                leaders.claim_no
        ) as place
    from followed
    inner join claims as leaders
        on followed.policy_provider = leaders.provider
        and followed.policy_no = leaders.policy_no
        and (
            followed.lead_claim_no = leaders.claim_no
            or (
                followed.lead_claim_no is null
                and followed.insured_uscc = leaders.insured_uscc
                and followed.loss_date = leaders.loss_date
            )
        )
)

select
    provider,
    claim_no,
    leader_provider,
    leader_claim_no,
    estimate,
    paid_to_date,
    leader_estimate,
    leader_paid_to_date
from matched
where place = 1
