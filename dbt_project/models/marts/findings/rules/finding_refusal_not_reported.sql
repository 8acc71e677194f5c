-- A major hazard whose removal is refused is reported to the authority in time (沪安委办〔2023〕32号 一(二)).
with

refused as (
    select
        hazards.*,
        {{ days_inclusive('hazards.found_date', 'coalesce(cast(hazards.reported_at as date), days.as_of)') }} - 1 as report_days
    from {{ ref('fct_hazard') }} as hazards
    cross join {{ ref('int_as_of') }} as days
    where hazards.grade = '重大' and hazards.refused
)

select
    {{ finding(
        'refusal_not_reported', 'hazards', feed='hazard', key='hazards.hazard_no', found_on='hazards.found_date',
        evidence="'hazard:' || hazards.provider || '/' || hazards.hazard_no || coalesce('；service_record:' || hazards.provider || '/' || hazards.service_no, '')",
        value_1='hazards.report_days', value_2='hazards.reported_at', unit='hazards.insured_uscc', is_past='hazards.reported_at is not null'
    ) }}
from refused as hazards
where hazards.report_days > {{ finding_threshold('refusal_not_reported', 'hazards.found_date', 'hazards.jurisdiction', 'hazards.industry_code') }}
