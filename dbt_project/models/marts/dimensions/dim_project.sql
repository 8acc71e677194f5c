-- 建设工程项目: newest known version of each record.
select
    project_code,
    name,
    district_code,
    builder_uscc,
    owner,
    cost,
    status,
    start_date,
    end_date,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('project') }}
) as newest
