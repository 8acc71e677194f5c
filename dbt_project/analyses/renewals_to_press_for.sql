-- 三十天内到期、尚无后续保障的应保单位，给谁打电话
select calendar.cover_end, calendar.days_left, units.name as unit_name, calendar.insured_uscc, districts.short_name as district,
    fields.name as industry, insurers.short_name as insurer, calendar.policy_no
from marts.renewal_calendar as calendar
left join marts.dim_unit as units on calendar.insured_uscc = units.uscc
left join marts.dim_district as districts using (district_code)
left join marts.dim_industry as fields using (industry_code)
left join marts.dim_insurer as insurers using (insurer_code)
where calendar.is_required and calendar.days_left <= 30
order by calendar.days_left, calendar.policy_no
