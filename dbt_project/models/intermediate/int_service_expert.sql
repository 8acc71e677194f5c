-- Completed on-site or on-line visits, once for each expert who came (keyed hashes of certificate numbers).
with

services as (
    select
        provider,
        service_no,
        policy_provider,
        policy_no,
        insured_uscc,
        insurer_code,
        jurisdiction,
        district_code,
        industry_code,
        form,
        finished_on,
        longitude,
        latitude,
        expert_hash as expert_hashes,
        file_id,
        sheet,
        line_no
    from {{ ref('fct_service') }}
    where is_completed and has_valid_policy
)

{{ each_value('services', 'expert_hashes', 'expert_hash') }}
