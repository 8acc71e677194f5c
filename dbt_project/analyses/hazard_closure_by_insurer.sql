-- 隐患整改率：各机构发现的隐患是否按期复查销号
select insurer_name, stat_year, hazards_due, hazards_closed, hazard_closure_rate, major_hazards_due, major_hazard_closure_rate
from marts.insurer_metrics
where jurisdiction = 'weihai'
order by stat_year desc, hazard_closure_rate
