-- Every drop known at the as-of date and what became of it.
select
    file_id,
    provider,
    feed,
    file_name,
    sha256,
    received_at,
    status,
    reason,
    rows_in
from {{ ref('stg_quality__files') }}
where is_known
