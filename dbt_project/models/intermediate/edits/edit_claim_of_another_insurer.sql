-- 理赔不属于本机构保单: the sender is neither the policy's insurer nor a co-insurer.
select
    'claim_of_another_insurer' as edit_code,
    'claim' as feed,
    claims.claim_no as record_key,
    claims.provider,
    claims.file_id,
    claims.sheet,
    claims.line_no,
    claims.policy_no as value_1,
    claims.insurer_code as value_2
from {{ ref('fct_claim') }} as claims
inner join {{ ref('ref_provider') }} as providers
    on claims.provider = providers.provider
left join {{ ref('fct_coinsurance') }} as members
    on claims.policy_no = members.policy_no
    and providers.insurer_code = members.insurer_code
where claims.insurer_code is not null
    and claims.insurer_code <> providers.insurer_code
    and members.policy_no is null
