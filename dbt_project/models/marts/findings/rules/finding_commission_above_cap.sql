-- 手续费 above the cap in force at inception (应急〔2025〕27号 第十四条).
select
    'commission_above_cap' as rule_code,
    checked.jurisdiction,
    checked.district_code,
    checked.industry_code,
    checked.insurer_code,
    '承保机构' as subject_type,
    checked.insurer_code as subject_code,
    checked.inception_date as found_on,
    checked.commission as amount,
    'policy' as feed,
    checked.policy_no as record_key,
    'policy:' || checked.policy_no as evidence_keys,
    cast(checked.commission as varchar) as value_1,
    cast(checked.premium_received as varchar) as value_2,
    checked.file_id,
    checked.sheet,
    checked.line_no
from {{ ref('evidence_compliance') }} as checked
where not checked.meets_commission_cap
