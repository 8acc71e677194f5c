-- 批单没有对应保单: its sender has no policy of that number; waits for it. A co-insurer's copy of the lead's endorsement: edit_follower_report.
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
    on endorsements.provider = policies.provider
    and endorsements.policy_no = policies.policy_no
left join {{ ref('int_shared_policy') }} as shared
    on endorsements.provider = shared.provider
    and endorsements.policy_no = shared.policy_no
where policies.policy_no is null and shared.policy_no is null
