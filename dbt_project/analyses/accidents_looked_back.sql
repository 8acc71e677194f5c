-- 事故倒查：事故前的投保、服务、隐患
select accident_id, unit_name, occurred_on, grade_computed, deaths, is_required, is_insured, services_before, last_service_on, open_major_hazards,
    unit_failure, insurer_failure, hazard_failure
from marts.accident_lookback
order by occurred_on desc
