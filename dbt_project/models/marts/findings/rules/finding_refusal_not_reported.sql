-- A major hazard whose removal is refused is reported to the authority in time (沪安委办〔2023〕32号 一(二)).
select
    {{ finding(
        'refusal_not_reported', 'hazards', feed='hazard', key='hazards.hazard_no', found_on='hazards.found_date',
        evidence="'hazard:' || hazards.provider || '/' || hazards.hazard_no || coalesce('；service_record:' || hazards.provider || '/' || hazards.service_no, '')",
        value_1="hazards.insured_uscc", value_2="coalesce(cast(hazards.reported_at as string), '无')"
    ) }}
from {{ ref('fct_hazard') }} as hazards
cross join {{ ref('int_as_of') }} as as_of
where hazards.grade = '重大' and hazards.refused
    and {{ days_inclusive('hazards.found_date', 'coalesce(cast(hazards.reported_at as date), as_of.as_of)') }} - 1
    > {{ finding_threshold('refusal_not_reported', 'hazards.found_date', 'hazards.jurisdiction', 'hazards.industry_code') }}
