-- 应保未保: required, in operation, and without cover in its field now (安全生产法 第一百零九条; 沪安委办〔2023〕32号 一(三)).
select
    {{ finding(
        'uninsured_unit', 'uninsured', feed='enterprise', key="uninsured.uscc || '|' || uninsured.industry_code",
        found_on='uninsured.as_of',
        evidence="'enterprise:' || uninsured.uscc || '|' || uninsured.industry_code || coalesce('；policy:' || uninsured.last_policy_provider || '/' || uninsured.last_policy_no, '')",
        value_1="uninsured.days_uninsured", subject_type='生产经营单位', insurer="null",
        subject="uninsured.uscc"
    ) }}
from {{ ref('uninsured_units') }} as uninsured
