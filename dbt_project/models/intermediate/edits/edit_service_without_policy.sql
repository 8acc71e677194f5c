-- 服务单位没有对应保单: the policy is unknown, or it insures another unit.
select
    'service_without_policy' as edit_code,
    'service_record' as feed,
    services.service_no as record_key,
    services.provider,
    services.file_id,
    services.sheet,
    services.line_no,
    services.policy_no as value_1,
    services.insured_uscc as value_2
from {{ ref('fct_service') }} as services
left join {{ ref('fct_policy') }} as policies
    on services.policy_no = policies.policy_no
    and services.insured_uscc = policies.insured_uscc
where policies.policy_no is null
