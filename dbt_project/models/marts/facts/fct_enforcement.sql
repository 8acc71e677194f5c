-- 行政处罚: newest known version of each record.
select
    case_no,
    uscc,
    decided_on,
    law_article,
    fine,
    problem_no,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('enforcement') }}
) as newest
