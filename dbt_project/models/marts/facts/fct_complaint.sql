-- 举报投诉: newest known version of each record.
select
    complaint_no,
    received_on,
    topic,
    target_code,
    accepted_at,
    answered_at,
    extended,
    needs_check,
    substantiated,
    reward,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('complaint') }}
) as newest
