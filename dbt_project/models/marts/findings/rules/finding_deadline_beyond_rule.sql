-- 整改期限过长: the deadline of an open major hazard lies beyond the day the rule allows, and that day has not come (from then on it is
-- major_hazard_overdue: never both, trust.md 7).
select
    {{ finding(
        'deadline_beyond_rule', 'hazards', feed='hazard', key='hazards.hazard_no', found_on='hazards.found_date',
        evidence="'hazard:' || hazards.provider || '/' || hazards.hazard_no", value_1='hazards.rectify_due', value_2='hazards.due_date',
        unit='hazards.insured_uscc'
    ) }}
from {{ ref('fct_hazard') }} as hazards
cross join {{ ref('int_as_of') }} as days
where hazards.grade = '重大' and hazards.rechecked_on is null
    and hazards.rectify_due > hazards.due_date and hazards.due_date >= days.as_of
