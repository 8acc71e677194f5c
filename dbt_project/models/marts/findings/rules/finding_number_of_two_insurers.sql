-- 保单号重复: two insurers report different policies under one number; one of them may not exist (trust.md 1).
select
    {{ finding(
        'number_of_two_insurers', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no || '；policy:' || policies.other_provider || '/' || policies.policy_no",
        value_1='insurers.name', unit='policies.insured_uscc', amount='policies.premium_received'
    ) }}
from {{ ref('int_number_of_two_insurers') }} as policies
inner join {{ ref('ref_insurer') }} as insurers
    on policies.other_insurer_code = insurers.insurer_code
cross join {{ ref('int_as_of') }} as days
where policies.inception_date <= days.as_of
