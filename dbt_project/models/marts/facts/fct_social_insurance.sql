-- 社保人数: newest known version of each record.
select
    uscc,
    period,
    insured_persons,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('social_insurance') }}
) as newest
