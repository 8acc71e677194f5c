-- 批单, at the grain of the record; see int_endorsement.
select
    endorsement_no,
    policy_no,
    effective_date,
    type,
    premium_change,
    received_change,
    persons_change,
    awaits_confirmation,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from {{ ref('int_endorsement') }}
