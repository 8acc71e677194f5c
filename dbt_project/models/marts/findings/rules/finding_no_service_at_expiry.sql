-- 不履约: the cover has ended, by expiry or before it, a whole visit and more was owed by its days, and none was completed
-- (威应急发〔2023〕11号 三(二)2). The account of it: contract_delivery.
select
    {{ finding(
        'no_service_at_expiry', 'policies', feed='policy', key='policies.policy_no', found_on='policies.cover_end',
        evidence='policies.evidence_keys', value_1='policies.owed_visits', value_2='policies.cover_end',
        amount='policies.premium_received', unit='policies.insured_uscc'
    ) }}
from {{ ref('contract_delivery') }} as policies
where policies.owed_visits > 0 and policies.completed_visits = 0
