-- 共保份额之和不为 1: of the rows that divide a policy.
with

members as (
    select * from {{ ref('fct_coinsurance') }} where is_shared
),

sums as (
    select
        provider,
        policy_no,
        sum(share) as share_sum,
        min(insurer_code) as first_insurer
    from members
    group by provider, policy_no
)

select
    'coinsurance_shares_not_one' as edit_code,
    'coinsurance' as feed,
    members.policy_no as record_key,
    members.provider,
    members.file_id,
    members.sheet,
    members.line_no,
    cast(sums.share_sum as string) as value_1,
    cast(null as string) as value_2
from sums
inner join members
    on sums.provider = members.provider
    and sums.policy_no = members.policy_no
    and sums.first_insurer = members.insurer_code
where sums.share_sum <> 1
