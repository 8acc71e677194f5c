-- Hazards are told in writing at once: notice missing or later than the day after (AQ 9010-2019, 6; 沪安委办〔2023〕32号 一(二)).
select
    {{ finding(
        'hazard_notice_late', 'hazards', feed='hazard', key='hazards.hazard_no', found_on='hazards.found_date',
        evidence="'hazard:' || hazards.provider || '/' || hazards.hazard_no || coalesce('；service_record:' || hazards.provider || '/' || hazards.service_no, '')",
        value_1="hazards.insured_uscc", value_2="coalesce(cast(hazards.written_notice_at as string), '无')"
    ) }}
from {{ ref('fct_hazard') }} as hazards
where hazards.written_notice_at is null
    or {{ days_inclusive('hazards.found_date', 'cast(hazards.written_notice_at as date)') }} - 1
    > {{ finding_threshold('hazard_notice_late', 'hazards.found_date', 'hazards.jurisdiction', 'hazards.industry_code') }}
