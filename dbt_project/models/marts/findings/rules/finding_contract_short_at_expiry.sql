-- 不履约: the cover has ended, and fewer visits were completed than were owed by its days (威应急发〔2023〕11号 四(二)). None at all:
-- no_service_at_expiry. The account of it: contract_delivery.
select
    {{ finding(
        'contract_short_at_expiry', 'policies', feed='policy', key='policies.policy_no', found_on='policies.cover_end',
        evidence='policies.evidence_keys', value_1='policies.owed_visits', value_2='policies.completed_visits',
        amount='policies.premium_received', unit='policies.insured_uscc'
    ) }}
from {{ ref('contract_delivery') }} as policies
where policies.completed_visits > 0 and policies.completed_visits < policies.owed_visits
