-- 险种及其是否计入安责险.
select
    product_code,
    name,
    is_anzexian,
    family,
    source_doc
from {{ ref('ref_product') }}
