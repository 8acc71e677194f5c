-- 同一年度没有计入的记录及其原因
select stat_year, feed, reason, count(*) as records, min(record_key) as example
from marts.evidence_left_out
group by all
order by stat_year desc, records desc
