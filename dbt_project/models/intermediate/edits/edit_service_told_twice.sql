-- 服务机构与保险机构都报了同一次服务: the insurer's own word counts, the organisation's is set aside (feeds.md, Delivery).
select
    'service_told_twice' as edit_code,
    'service_record' as feed,
    services.service_no as record_key,
    services.provider,
    services.file_id,
    services.sheet,
    services.line_no,
    services.policy_no as value_1,
    services.insurer_code as value_2
from {{ ref('fct_service') }} as services
where services.is_told_twice
