-- 参保率为什么变：本年至今与上年同期，各区市应保与已参保单位各增减多少
select
    now.jurisdiction, districts.short_name as district, before.participation_rate as rate_before, now.participation_rate as rate_now,
    now.required_units - before.required_units as required_more, now.insured_required_units - before.insured_required_units as insured_more,
    now.pending_units, now.part_end
from marts.same_days as now
inner join marts.same_days as before
    on now.jurisdiction = before.jurisdiction and now.district_code = before.district_code and now.industry_code = before.industry_code
    and now.basis = before.basis and now.stat_year = before.stat_year + 1
left join marts.dim_district as districts on now.district_code = districts.district_code
where now.basis = 'data' and now.industry_code = 'ALL'
order by now.jurisdiction, now.district_code <> 'ALL', now.participation_rate - before.participation_rate nulls last
