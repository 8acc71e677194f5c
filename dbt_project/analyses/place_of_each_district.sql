-- 各区市四项指标在全市排第几，与全市差多少个百分点
select places.jurisdiction, districts.short_name as district, places.metric, places.value, places.city_value,
    round((places.value - places.city_value) * 100, 2) as points_from_city, places.place, places.places, places.target
from marts.standing as places
left join marts.dim_district as districts using (district_code)
where places.kind = 'district' and places.place is not null and places.stat_year = (select max(stat_year) from marts.standing)
order by places.jurisdiction, places.metric, places.place
