-- 答复: newest known version of each sender's answer to what was asked of it.
select
    subject_no,
    kind,
    answer_text,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('answer') }}
) as newest
