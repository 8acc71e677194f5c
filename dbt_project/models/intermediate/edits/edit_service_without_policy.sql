-- 服务没有对应保单: its sender has no policy of that number and co-insures none; waits for it.
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
where services.policy_provider is null
