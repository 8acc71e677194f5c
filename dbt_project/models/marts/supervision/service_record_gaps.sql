{{ config(materialized='view') }}
-- 记录不全的服务: completed visits that lack a record the norms ask for, with what is missing (ref_service_evidence).
select
    provider,
    service_no,
    jurisdiction,
    stat_year,
    district_code,
    industry_code,
    insurer_code,
    insured_uscc,
    item,
    form,
    provider_type,
    service_org_uscc,
    finished_on,
    asked_records,
    present_records,
    missing_records,
    file_id,
    sheet,
    line_no
from {{ ref('int_service_record_check') }}
where missing_records is not null
