-- 单位全景：未保、逾期隐患、事故、高等级发现叠加的单位
select unit_name, uscc, district_code, insured_state, open_major_hazards, overdue_hazards, accidents, findings_high, last_service_on, last_inspected_on
from marts.unit_360
where uninsured_fields > 0 or overdue_hazards > 0 or findings_high > 0
order by (uninsured_fields > 0)::int + (open_major_hazards > 0)::int + (accidents > 0)::int + (findings_high > 0)::int desc, overdue_hazards desc
limit 50
