-- 合同没有约定服务: a contract that agrees no visits (威应急发〔2023〕11号 四(二): form, items and frequency stand in it).
select
    {{ finding(
        'no_service_agreed', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='policies.service_frequency',
        unit='policies.insured_uscc', is_past='policies.cover_end < days.as_of'
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
where policies.is_valid and policies.inception_date <= days.as_of and coalesce(policies.service_frequency, 0) = 0
