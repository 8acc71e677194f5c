-- 服务对象不是保单的被保险单位: the service counts nowhere until one of the two is corrected (trust.md 1).
select
    'service_of_another_unit' as edit_code,
    'service_record' as feed,
    services.service_no as record_key,
    services.provider,
    services.file_id,
    services.sheet,
    services.line_no,
    services.insured_uscc as value_1,
    services.policy_no as value_2
from {{ ref('fct_service') }} as services
where services.is_of_another_unit
