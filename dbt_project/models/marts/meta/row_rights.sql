-- 可见的表与行: who may see what of this publication (ref_row_right), as known on its day.
select
    kind,
    sort_no,
    tables,
    rows_by,
    valid_from,
    valid_to,
    reason
from {{ ref('ref_row_right') }}
