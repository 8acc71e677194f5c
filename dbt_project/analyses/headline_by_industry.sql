-- 最近一年各行业的四项核心指标（全市）
select industry_name, required_units, insured_units_in_force, participation_rate, simple_loss_ratio, prevention_fee_share, service_coverage
from marts.supervision_metrics
where jurisdiction = 'shanghai' and district_code = 'ALL' and industry_code <> 'ALL'
    and stat_year = (select max(stat_year) from marts.supervision_metrics)
order by required_units desc nulls last, industry_name
