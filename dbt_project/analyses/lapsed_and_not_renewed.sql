-- 近六个月到期、至今没有续保的应保单位，由哪家机构原承保
select lists.unit_name, lists.uscc, districts.short_name as district, fields.name as field, insurers.short_name as last_insurer, lists.last_cover_end, lists.enforcement_stage
from marts.uninsured_units as lists
left join marts.dim_district as districts using (district_code)
left join marts.dim_industry as fields using (industry_code)
left join marts.dim_insurer as insurers on lists.last_insurer_code = insurers.insurer_code
where lists.last_cover_end >= lists.as_of - interval 6 month
order by lists.last_cover_end, lists.uscc
