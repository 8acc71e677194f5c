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
    {{ newest_versions(ref('stg_department__indicator'), ['district_code', 'year', 'name']) }}
) as newest
