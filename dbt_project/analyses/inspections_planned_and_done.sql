-- 检查计划完成了多少，哪些到期没有完成
select stat_year, provider_name, target_type, subject, state, planned, planned_done, inspections, unplanned_inspections, evidence_keys
from marts.inspection_coverage
order by stat_year desc, state, provider_name
