-- 共保份额, at the grain of the record; see int_coinsurance.
select
    provider,
    policy_no,
    insurer_code,
    share,
    is_lead,
    part,
    is_shared,
    file_id,
    sheet,
    line_no
from {{ ref('int_coinsurance') }}
