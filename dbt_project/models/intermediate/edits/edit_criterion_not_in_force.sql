-- 判定标准当日不适用: a major hazard judged by a criterion that was not in force on the day it was found, or is of another field
-- (沪安委办〔2023〕32号 一(一): criteria change).
select
    'criterion_not_in_force' as edit_code,
    'hazard' as feed,
    hazards.hazard_no as record_key,
    hazards.provider,
    hazards.file_id,
    hazards.sheet,
    hazards.line_no,
    criteria.name as value_1,
    cast(hazards.found_date as string) as value_2
from {{ ref('fct_hazard') }} as hazards
inner join {{ ref('ref_hazard_criterion') }} as criteria
    on hazards.criterion_code = criteria.criterion_code
where hazards.found_date < criteria.valid_from
    or hazards.found_date > criteria.valid_to
    or hazards.industry_code <> criteria.industry_code
