-- 事故倒查: insured in its field that day, for longer than the days of grace, and that insurer had completed no visit in the year before
-- (威应急发〔2023〕11号 三(二)2).
select
    {{ finding(
        'accident_unserved', 'accidents', feed='accident', key='accidents.accident_id', found_on='accidents.occurred_on',
        evidence="'accident:' || accidents.accident_id || '；policy:' || accidents.policy_provider || '/' || accidents.policy_no",
        value_1='accidents.insured_days', value_2='accidents.lookback_days', amount='accidents.direct_loss', unit='accidents.uscc'
    ) }}
from {{ ref('accident_lookback') }} as accidents
where accidents.is_unserved
