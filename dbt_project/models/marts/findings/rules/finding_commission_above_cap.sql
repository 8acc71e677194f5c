-- 手续费 above the cap in force at inception (应急〔2025〕27号 第十四条).
select
    {{ finding(
        'commission_above_cap', 'checked', feed='policy', key='checked.policy_no', found_on='checked.inception_date',
        evidence="'policy:' || checked.provider || '/' || checked.policy_no", value_1="checked.commission", value_2="checked.premium_received",
        amount="checked.commission", unit='checked.insured_uscc'
    ) }}
from {{ ref('evidence_compliance') }} as checked
where not checked.meets_commission_cap and checked.commission is not null
