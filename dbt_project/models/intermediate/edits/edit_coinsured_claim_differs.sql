-- 共保双报案件不一致: lead and follower report one case with amounts a yuan or more apart; both are told (trust.md 1).
with

differing as (
    select *
    from {{ ref('int_claim_repeat') }}
    where abs(paid_to_date - leader_paid_to_date) >= 1 or abs(estimate - leader_estimate) >= 1
),

told as (
    select
        provider,
        claim_no,
        leader_claim_no as other_claim_no,
        paid_to_date,
        leader_paid_to_date as other_paid_to_date
    from differing

    union all

    select
        leader_provider as provider,
        leader_claim_no as claim_no,
        min(claim_no) as other_claim_no,
        min(leader_paid_to_date) as paid_to_date,
        min(paid_to_date) as other_paid_to_date
    from differing
    group by leader_provider, leader_claim_no
)

select
    'coinsured_claim_differs' as edit_code,
    'claim' as feed,
    claims.claim_no as record_key,
    claims.provider,
    claims.file_id,
    claims.sheet,
    claims.line_no,
    told.other_claim_no || '（已付 ' || cast(told.other_paid_to_date as string) || ' 元）' as value_1,
    cast(told.paid_to_date as string) as value_2
from told
inner join {{ ref('fct_claim') }} as claims
    on told.provider = claims.provider
    and told.claim_no = claims.claim_no
