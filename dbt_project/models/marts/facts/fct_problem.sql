-- 问题清单: newest known version of each record.
select
    problem_no,
    found_date,
    origin,
    target_type,
    target_code,
    kind,
    measure,
    due,
    closed_at,
    notified_regulator_at,
    escalation,
    finding,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('problem') }}
) as newest
