-- 每人责任限额 below the floor in force at inception (安监总办〔2017〕140号; 应急〔2025〕27号 第十五条).
select
    'limit_below_floor' as rule_code,
    checked.jurisdiction,
    checked.district_code,
    checked.industry_code,
    checked.insurer_code,
    '生产经营单位' as subject_type,
    checked.insured_uscc as subject_code,
    checked.inception_date as found_on,
    checked.limit_per_person as amount,
    'policy' as feed,
    checked.policy_no as record_key,
    'policy:' || checked.policy_no as evidence_keys,
    cast(checked.limit_per_person as varchar) as value_1,
    cast(cast(checked.limit_floor as decimal(18, 2)) as varchar) as value_2,
    checked.file_id,
    checked.sheet,
    checked.line_no
from {{ ref('evidence_compliance') }} as checked
where not checked.meets_limit_floor
