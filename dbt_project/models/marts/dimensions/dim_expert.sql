-- 服务专家: newest known version of each record.
select
    certificate_no as certificate_hash,
    org_uscc,
    type,
    speciality,
    valid_to,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('expert') }}
) as newest
