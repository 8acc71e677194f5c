-- 生产安全事故: newest known version of each record.
select
    accident_id,
    uscc,
    occurred_at,
    district_code,
    industry_code,
    type,
    scene,
    deaths,
    serious_injuries,
    direct_loss,
    grade,
    liability,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('accident') }}
) as newest
