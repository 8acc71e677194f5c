-- Completed visits, once for each piece of evidence (its hash as sent).
with

services as (
    select
        provider,
        service_no,
        insured_uscc,
        evidence_hashes
    from {{ ref('fct_service') }}
    where is_completed and has_valid_policy
)

{{ each_value('services', 'evidence_hashes', 'evidence_hash') }}
