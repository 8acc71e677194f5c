-- 赔款超过累计责任限额.
select
    'paid_above_limit' as edit_code,
    'claim' as feed,
    claims.claim_no as record_key,
    claims.provider,
    claims.file_id,
    claims.sheet,
    claims.line_no,
    cast(claims.paid_to_date as string) as value_1,
    cast(policies.limit_aggregate as string) as value_2
from {{ ref('fct_claim') }} as claims
inner join {{ ref('fct_policy') }} as policies
    on claims.policy_provider = policies.provider
    and claims.policy_no = policies.policy_no
where claims.paid_to_date > policies.limit_aggregate
