-- Rows that were loaded and flagged.
select
    file_id,
    provider,
    feed,
    file_name,
    sheet,
    line_no,
    record_key,
    rule_code,
    severity,
    column_name,
    raw_value,
    message,
    received_at
from {{ ref('stg_quality__issues') }}
where severity = 'warn'
