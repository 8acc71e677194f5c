-- 本周先去哪些单位：应保未保、有未销号重大隐患或逾期隐患的单位，最重的在前
select unit_name, uscc, district_code, insured_state, open_major_hazards, overdue_hazards, findings_high, accidents, last_service_on, last_inspected_on
from marts.unit_360
where uninsured_fields > 0 or open_major_hazards > 0 or overdue_hazards > 0
order by open_major_hazards desc, uninsured_fields desc, overdue_hazards desc, findings_high desc, uscc
limit 50
