-- 单位关系: newest known version of each record.
select
    uscc,
    other_uscc,
    kind,
    share,
    valid_from,
    valid_to,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('enterprise_link') }}
) as newest
