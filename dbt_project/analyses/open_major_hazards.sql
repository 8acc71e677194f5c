-- 未销号的重大隐患，逾期久的在前
select hazard_no, units.name as unit, ledger.district_code, ledger.insurer_code, scene, found_date, due_date, state, days_overdue, reported_at
from marts.hazard_ledger as ledger
left join marts.dim_unit as units on units.uscc = ledger.insured_uscc
where grade = '重大' and state <> '已销号'
order by days_overdue desc nulls last
