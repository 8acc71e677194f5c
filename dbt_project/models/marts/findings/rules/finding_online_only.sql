-- 不履约: on-site service was agreed, alone or beside others, the cover is over, and every completed visit was on line
-- (威应急发〔2023〕11号 四(二)).
select
    {{ finding(
        'online_only', 'policies', feed='policy', key='policies.policy_no', found_on='policies.cover_end',
        evidence='policies.evidence_keys', value_1='policies.completed_visits', value_2='policies.cover_end',
        unit='policies.insured_uscc'
    ) }}
from {{ ref('contract_delivery') }} as policies
where policies.service_form like '%线下%' and policies.completed_visits > 0 and policies.onsite_visits = 0
