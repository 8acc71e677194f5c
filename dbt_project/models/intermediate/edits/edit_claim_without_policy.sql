-- 理赔没有对应保单: waits for the policy, then disappears by itself.
select
    'claim_without_policy' as edit_code,
    'claim' as feed,
    claims.claim_no as record_key,
    claims.provider,
    claims.file_id,
    claims.sheet,
    claims.line_no,
    claims.policy_no as value_1,
    cast(null as string) as value_2
from {{ ref('fct_claim') }} as claims
where claims.district_code is null
