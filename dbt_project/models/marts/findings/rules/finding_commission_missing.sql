-- 手续费未报: since there is a cap, who does not say what was paid cannot be held to it (应急〔2025〕27号 第十四条).
select
    {{ finding(
        'commission_missing', 'checked', feed='policy', key='checked.policy_no', found_on='checked.inception_date',
        evidence="'policy:' || checked.provider || '/' || checked.policy_no", unit='checked.insured_uscc'
    ) }}
from {{ ref('evidence_compliance') }} as checked
where checked.commission_cap is not null and checked.commission is null
