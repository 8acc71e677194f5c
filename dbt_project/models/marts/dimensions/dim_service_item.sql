-- 事故预防服务项目.
select
    item_code,
    name,
    scheme,
    legal_order,
    source_doc
from {{ ref('ref_service_item') }}
