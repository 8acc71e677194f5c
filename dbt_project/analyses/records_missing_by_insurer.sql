-- 各机构的服务记录最常缺什么
select gaps.insurer_code, missing, count(*) as visits
from marts.service_record_gaps as gaps, unnest(string_split(gaps.missing_records, '、')) as each(missing)
group by all order by gaps.insurer_code, visits desc
