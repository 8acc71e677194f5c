-- 信用名单: newest known version of each record.
select
    list_no,
    target_code,
    target_type,
    kind,
    valid_from,
    valid_to,
    reason,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('credit_list') }}
) as newest
