-- What of a file was not read: sheets that are not the feed's, columns no contract knows.
select
    file_id,
    provider,
    feed,
    file_name,
    sheet,
    rule_code,
    raw_value as header,
    column_name as best_match,
    message,
    received_at
from {{ ref('stg_quality__issues') }}
where severity = 'unread'
