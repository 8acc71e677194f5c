-- 有服务与无服务的在保日上，事故与赔案各有多频繁（单位不是随机服务的，只作参考）
select jurisdiction, stat_year, service_state, units, unit_days, accidents, claims,
    round(accidents_per_1000_years, 2) as accidents_per_1000_years, round(claims_per_1000_years, 2) as claims_per_1000_years
from marts.prevention_effect
where industry_code = 'ALL' and size_band = '合计'
order by jurisdiction, stat_year, service_state
