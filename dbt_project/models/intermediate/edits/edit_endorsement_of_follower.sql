-- 从共保人报送的批单: only the policy's own insurer endorses it; the follower's row counts nowhere (trust.md 1).
select
    'endorsement_of_follower' as edit_code,
    'endorsement' as feed,
    endorsements.endorsement_no as record_key,
    endorsements.provider,
    endorsements.file_id,
    endorsements.sheet,
    endorsements.line_no,
    endorsements.policy_no as value_1,
    cast(null as string) as value_2
from {{ ref('fct_endorsement') }} as endorsements
inner join {{ ref('int_shared_policy') }} as shared
    on endorsements.provider = shared.provider
    and endorsements.policy_no = shared.policy_no
