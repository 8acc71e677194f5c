-- 最近一年各区市的四项核心指标，参保率低的在前
select district_name, required_units, participation_rate, simple_loss_ratio, prevention_fee_share, service_coverage
from marts.supervision_metrics
where jurisdiction = 'weihai' and industry_code = 'ALL' and district_code <> 'ALL'
    and stat_year = (select max(stat_year) from marts.supervision_metrics)
order by participation_rate nulls last
