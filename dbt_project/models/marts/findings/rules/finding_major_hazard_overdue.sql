-- A major hazard past its deadline, the sender's or the rule's if that is earlier, and not rechecked (沪安委办〔2023〕32号 一(二)).
select
    {{ finding(
        'major_hazard_overdue', 'hazards', feed='hazard', key='hazards.hazard_no', found_on='hazards.due_date',
        evidence="'hazard:' || hazards.provider || '/' || hazards.hazard_no", value_1='hazards.due_date', value_2='hazards.days_overdue',
        subject_type='生产经营单位', subject='hazards.insured_uscc'
    ) }}
from {{ ref('hazard_overdue') }} as hazards
where hazards.grade = '重大'
