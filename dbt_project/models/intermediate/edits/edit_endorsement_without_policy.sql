-- 批单没有对应保单: waits for the policy.
select
    'endorsement_without_policy' as edit_code,
    'endorsement' as feed,
    endorsements.endorsement_no as record_key,
    endorsements.provider,
    endorsements.file_id,
    endorsements.sheet,
    endorsements.line_no,
    endorsements.policy_no as value_1,
    cast(null as string) as value_2
from {{ ref('fct_endorsement') }} as endorsements
left join {{ ref('fct_policy') }} as policies
    on endorsements.policy_no = policies.policy_no
where policies.policy_no is null
