-- Rows in = accepted + quarantined + exact duplicates, for every file.
select
    file_id,
    {{ receipt_no() }} as receipt_no,
    provider,
    feed,
    file_name,
    rows_in,
    rows_accepted,
    rows_quarantined,
    rows_duplicate
from {{ ref('stg_quality__files') }}
where is_known
