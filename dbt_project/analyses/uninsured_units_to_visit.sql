-- 应保未保单位走访清单：从业人员多、断保久的在前
select units.unit_name, units.uscc, districts.name as district, industries.name as industry, units.employees, units.reason, units.days_uninsured,
    insurers.name as last_insurer, units.last_cover_end, units.enforcement_stage
from marts.uninsured_units as units
left join marts.dim_district as districts using (district_code)
left join marts.dim_industry as industries using (industry_code)
left join marts.dim_insurer as insurers on insurers.insurer_code = units.last_insurer_code
order by units.employees desc nulls last, units.days_uninsured desc nulls first
