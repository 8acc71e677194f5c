-- 逾期未报与迟报的单位
select due_date, name, provider_name, status, received_on, days_late
from marts.submissions
where status in ('逾期未报', '迟报')
order by due_date desc, days_late desc nulls first
