-- 各市历年四项核心指标，及其分子分母
select
    jurisdiction, stat_year,
    insured_required_units, required_units, participation_rate,
    claims_settled + claims_paid_open + claims_outstanding as incurred, premium_received, simple_loss_ratio,
    fee_provided, prevention_fee_share,
    serviced_units_in_force, insured_units_in_force, service_coverage
from marts.supervision_metrics
where district_code = 'ALL' and industry_code = 'ALL'
order by jurisdiction, stat_year
