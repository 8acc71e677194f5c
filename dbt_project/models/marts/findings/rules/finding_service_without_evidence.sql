-- Completed and confirmed, but not one piece of evidence is kept (AQ 9010-2019, 7.4).
select
    {{ finding(
        'service_without_evidence', 'services', feed='service_record', key='services.service_no',
        found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；policy:' || coalesce(services.policy_provider, services.provider) || '/' || services.policy_no",
        unit='services.insured_uscc'
    ) }}
from {{ ref('fct_service') }} as services
where services.is_completed and coalesce(services.evidence_count, 0) = 0
