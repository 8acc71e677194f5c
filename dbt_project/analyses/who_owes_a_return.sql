-- 谁还没报：各单位应报的年度报告和材料，期限、状态，最急的在前
select jurisdiction, provider_name, name, stat_year, due_date, state, drafted_on, filed_on, clause
from meta.return_calendar
where received_on is null
order by due_date, jurisdiction, provider_name
