-- 监督检查: newest known version of each record.
select
    inspection_no,
    inspected_on,
    department,
    joint,
    target_type,
    target_code,
    subject,
    campaign,
    problem_no,
    plan_no,
    considered,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('inspection') }}
) as newest
