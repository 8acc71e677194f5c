-- Hazards are told in writing at once: notice missing or later than the day after (AQ 9010-2019, 6; 沪安委办〔2023〕32号 一(二)).
select
    'hazard_notice_late' as rule_code,
    hazards.jurisdiction,
    hazards.district_code,
    hazards.industry_code,
    hazards.insurer_code,
    '承保机构' as subject_type,
    hazards.insurer_code as subject_code,
    hazards.found_date as found_on,
    cast(null as decimal(18, 2)) as amount,
    'hazard' as feed,
    hazards.hazard_no as record_key,
    'hazard:' || hazards.hazard_no || coalesce('；service_record:' || hazards.service_no, '') as evidence_keys,
    hazards.insured_uscc as value_1,
    coalesce(cast(hazards.written_notice_at as varchar), '无') as value_2,
    hazards.file_id,
    hazards.sheet,
    hazards.line_no
from {{ ref('int_hazard') }} as hazards
where hazards.written_notice_at is null
    or {{ days_inclusive('hazards.found_date', 'cast(hazards.written_notice_at as date)') }} - 1
    > {{ finding_threshold('hazard_notice_late', 'hazards.found_date') }}
