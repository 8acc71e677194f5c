-- 承保机构成绩：份额、赔付、预防、服务、评估得分
select stat_year, insurer_name, market_share, simple_loss_ratio, prevention_fee_share, service_coverage, contract_fulfilment, findings_high,
    data_quality_score, evaluation_score
from marts.insurer_metrics
where jurisdiction = 'weihai' and insurer_code <> 'ALL'
order by stat_year desc, evaluation_score desc nulls last
