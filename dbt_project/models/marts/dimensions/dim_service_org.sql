-- 技术服务机构: newest known version of each record.
select
    uscc,
    name,
    qualification,
    valid_from,
    valid_to,
    technicians,
    equipment,
    audit_date,
    audit_result,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('service_org') }}
) as newest
