-- 联络员: newest known version of each record.
select
    department,
    role,
    leader_title,
    office,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('contact') }}
) as newest
