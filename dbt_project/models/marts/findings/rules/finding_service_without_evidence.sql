-- Completed and confirmed, but not one piece of evidence is kept (AQ 9010-2019, 7.4).
select
    'service_without_evidence' as rule_code,
    services.jurisdiction,
    services.district_code,
    services.industry_code,
    services.insurer_code,
    '承保机构' as subject_type,
    services.insurer_code as subject_code,
    services.finished_on as found_on,
    cast(null as decimal(18, 2)) as amount,
    'service_record' as feed,
    services.service_no as record_key,
    'service_record:' || services.service_no || '；policy:' || services.policy_no as evidence_keys,
    services.insured_uscc as value_1,
    cast(null as varchar) as value_2,
    services.file_id,
    services.sheet,
    services.line_no
from {{ ref('int_service') }} as services
where services.is_completed and coalesce(services.evidence_count, 0) = 0
