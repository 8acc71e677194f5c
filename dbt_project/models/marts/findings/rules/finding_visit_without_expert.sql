-- 外聘服务没有写明专家: the record names who came (AQ 9010-2019, 6); a visit by hired experts that names none.
select
    {{ finding(
        'visit_without_expert', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；policy:' || services.policy_provider || '/' || services.policy_no", unit='services.insured_uscc'
    ) }}
from {{ ref('fct_service') }} as services
where services.is_completed and services.has_valid_policy and services.provider_type = '外聘' and services.expert_hash is null
