-- 处罚因何而起：事故、隐患还是问题清单
select jurisdiction, grounds, target_type, count(*) as cases, sum(fine) as fines
from marts.enforcement_links group by all order by all
