-- 共保份额没有对应保单: only its own sender's rows divide a policy, and this sender has none of that number. A follower that
-- sends the lead's rows once more is told nothing.
select
    'coinsurance_without_policy' as edit_code,
    'coinsurance' as feed,
    members.policy_no || '|' || members.insurer_code as record_key,
    members.provider,
    members.file_id,
    members.sheet,
    members.line_no,
    members.policy_no as value_1,
    cast(null as string) as value_2
from ({{ newest_versions('coinsurance') }}) as members
left join {{ ref('fct_policy') }} as policies
    on members.provider = policies.provider
    and members.policy_no = policies.policy_no
left join {{ ref('int_shared_policy') }} as shared
    on members.provider = shared.provider
    and members.policy_no = shared.policy_no
where policies.policy_no is null and shared.policy_no is null
