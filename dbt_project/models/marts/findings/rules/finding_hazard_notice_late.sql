-- Hazards are told in writing at once: notice missing or later than the day after (AQ 9010-2019, 6; 沪安委办〔2023〕32号 一(二)).
with

told as (
    select
        hazards.*,
        {{ days_inclusive('hazards.found_date', 'coalesce(cast(hazards.written_notice_at as date), days.as_of)') }} - 1 as notice_days
    from {{ ref('fct_hazard') }} as hazards
    cross join {{ ref('int_as_of') }} as days
)

select
    {{ finding(
        'hazard_notice_late', 'hazards', feed='hazard', key='hazards.hazard_no', found_on='hazards.found_date',
        evidence="'hazard:' || hazards.provider || '/' || hazards.hazard_no || coalesce('；service_record:' || hazards.provider || '/' || hazards.service_no, '')",
        value_1='hazards.notice_days', value_2='hazards.written_notice_at', unit='hazards.insured_uscc',
        is_past='hazards.written_notice_at is not null'
    ) }}
from told as hazards
where hazards.notice_days > {{ finding_threshold('hazard_notice_late', 'hazards.found_date', 'hazards.jurisdiction', 'hazards.industry_code') }}
