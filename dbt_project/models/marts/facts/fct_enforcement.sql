-- 行政处罚: newest known version of each record.
select
    case_no,
    uscc,
    decided_on,
    law_article,
    fine,
    problem_no,
    coalesce(target_type, '生产经营单位') as target_type,
    coalesce(target_code, uscc) as target_code,
    accident_id,
    hazard_no,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('enforcement') }}
) as newest
