-- 报送声明: newest known word of each sender on each feed and month. Nobody has data of days to come: a later 数据截至 is the day it was said.
select
    provider,
    feed,
    period,
    cast(replace(period, '-', '') as integer) as period_no,
    least(covers_to, cast(received_at as date)) as covers_to,
    covers_to as covers_to_said,
    case when nothing then 0 else rows end as declared_rows,
    case when nothing then 0 else amount end as declared_amount,
    coalesce(nothing, false) as nothing,
    received_at,
    cast(received_at as date) as declared_on,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('declaration') }}
) as newest
