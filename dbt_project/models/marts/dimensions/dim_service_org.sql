-- 技术服务机构: newest known version of each record.
select
    uscc,
    name,
    qualification,
    valid_from,
    valid_to,
    technicians,
    audit_date,
    audit_result,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions(ref('stg_department__service_org'), ['uscc']) }}
) as newest
