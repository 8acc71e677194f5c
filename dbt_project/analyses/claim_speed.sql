-- 各机构理赔各环节的用时与超限比例
select insurer_code, step, count(*) as steps, median(days) as middle_days, max(days) as longest,
    count(*) filter (not is_on_time) / count(*) as late_share
from marts.claim_timeliness
group by all
order by step, late_share desc
