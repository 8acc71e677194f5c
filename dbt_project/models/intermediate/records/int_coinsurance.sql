-- 共保: each policy's insurers and their part of it, parts summing to 1.
-- No row = 100 % of the policy's insurer. Only rows of the policy's own sender divide it (trust.md 1).
-- Shares that do not sum to 1 are scaled, and what rounding leaves is the leader's (else the first insurer's), so that the split never
-- changes a total (domain.md 5.2); the wrong sum itself is a finding.
with

members as (
    {{ newest_versions('coinsurance') }}
),

sums as (
    select
        provider,
        policy_no,
        sum(share) as share_sum
    from members
    group by provider, policy_no
),

divided as (
    select
        policies.provider,
        policies.policy_no,
        coalesce(members.insurer_code, policies.insurer_code) as insurer_code,
        coalesce(members.is_lead, members.insurer_code is null) as is_lead,
        members.share,
        cast(
            case
                when members.share is null then 1
                when sums.share_sum = 1 then members.share
                else cast(members.share as double) / cast(sums.share_sum as double)
            end as decimal(9, 6)
        ) as part,
        members.policy_no is not null as is_shared,
        coalesce(members.file_id, policies.file_id) as file_id,
        coalesce(members.sheet, policies.sheet) as sheet,
        coalesce(members.line_no, policies.line_no) as line_no,
        row_number() over (
            partition by policies.provider, policies.policy_no order by case when members.is_lead then 0 else 1 end, members.insurer_code
        ) as place
    from {{ ref('fct_policy') }} as policies
    left join members
        on policies.provider = members.provider
        and policies.policy_no = members.policy_no
    left join sums
        on policies.provider = sums.provider
        and policies.policy_no = sums.policy_no
    where policies.is_valid
),

final as (
    select
        provider,
        policy_no,
        insurer_code,
        is_lead,
        share,
        cast(
            part + case when place = 1 then 1 - sum(part) over (partition by provider, policy_no) else 0 end as decimal(9, 6)
        ) as part,
        is_shared,
        file_id,
        sheet,
        line_no
    from divided
)

select * from final
