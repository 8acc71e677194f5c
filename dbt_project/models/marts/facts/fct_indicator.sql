-- 背景指标: newest known version of each record.
select
    district_code,
    year,
    name,
    value,
    unit,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('indicator') }}
) as newest
