-- 应保未保: required, in operation, and without cover in its field now (安全生产法 第一百零九条; 沪安委办〔2023〕32号 一(三)).
select
    'uninsured_unit' as rule_code,
    uninsured.jurisdiction,
    uninsured.district_code,
    uninsured.industry_code,
    cast(null as varchar) as insurer_code,
    '生产经营单位' as subject_type,
    uninsured.uscc as subject_code,
    uninsured.as_of as found_on,
    cast(null as decimal(18, 2)) as amount,
    'enterprise' as feed,
    uninsured.uscc || '|' || uninsured.industry_code as record_key,
    'enterprise:' || uninsured.uscc || '|' || uninsured.industry_code || coalesce('；policy:' || uninsured.last_policy_no, '') as evidence_keys,
    uninsured.unit_name as value_1,
    cast(uninsured.days_uninsured as varchar) as value_2,
    uninsured.file_id,
    uninsured.sheet,
    uninsured.line_no
from {{ ref('uninsured_units') }} as uninsured
