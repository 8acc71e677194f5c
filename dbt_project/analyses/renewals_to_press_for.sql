-- 三十天内到期、尚无后续保障的应保单位，给谁打电话
select ending.cover_end, ending.days_left, units.name as unit_name, ending.insured_uscc, districts.short_name as district,
    fields.name as industry, insurers.short_name as insurer, ending.policy_no
from marts.renewal_calendar as ending
left join marts.dim_unit as units on ending.insured_uscc = units.uscc
left join marts.dim_district as districts on ending.district_code = districts.district_code
left join marts.dim_industry as fields on ending.industry_code = fields.industry_code
left join marts.dim_insurer as insurers on ending.insurer_code = insurers.insurer_code
where ending.is_required and ending.days_left <= 30
order by ending.days_left, ending.policy_no
