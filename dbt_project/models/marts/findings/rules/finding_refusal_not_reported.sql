-- A major hazard whose removal is refused is reported to the authority in time (沪安委办〔2023〕32号 一(二)).
select
    'refusal_not_reported' as rule_code,
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
    coalesce(cast(hazards.reported_at as varchar), '无') as value_2,
    hazards.file_id,
    hazards.sheet,
    hazards.line_no
from {{ ref('int_hazard') }} as hazards
cross join {{ ref('int_as_of') }} as as_of
where hazards.grade = '重大' and hazards.refused
    and {{ days_inclusive('hazards.found_date', 'coalesce(cast(hazards.reported_at as date), as_of.as_of)') }} - 1
    > {{ finding_threshold('refusal_not_reported', 'hazards.found_date') }}
