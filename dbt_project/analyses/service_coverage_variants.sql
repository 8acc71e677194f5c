-- 服务覆盖率的各种口径并列
select jurisdiction, stat_year, service_coverage, service_coverage_onsite, service_coverage_incepted, service_coverage_any_day
from marts.supervision_metrics
where district_code = 'ALL' and industry_code = 'ALL'
order by jurisdiction, stat_year
