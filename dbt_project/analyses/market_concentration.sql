-- 市场集中度：机构数、前三家份额、HHI
select jurisdiction, stat_year, insurers, cr3, hhi
from marts.supervision_metrics
where district_code = 'ALL' and industry_code = 'ALL'
order by jurisdiction, stat_year
