-- 事故倒查: the accident's unit had to be insured in its field that day and was not (威应急发〔2023〕11号 三(二)2).
select
    {{ finding(
        'accident_uninsured', 'accidents', feed='accident', key='accidents.accident_id', found_on='accidents.occurred_on',
        evidence="'accident:' || accidents.accident_id", amount='accidents.direct_loss',
        subject_type='生产经营单位', subject='accidents.uscc', insurer='null'
    ) }}
from {{ ref('accident_lookback') }} as accidents
where accidents.is_required and not accidents.is_insured and not accidents.is_pending
