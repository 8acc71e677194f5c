-- 投保人数与从业人员数相差过大: beyond the dated bounds, each valid policy against the roster of its field.
select
    'persons_far_from_employees' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    cast(policies.insured_persons as string) as value_1,
    cast(roster.employees as string) as value_2
from {{ ref('fct_policy') }} as policies
inner join {{ ref('fct_roster') }} as roster
    on policies.insured_uscc = roster.uscc
    and policies.industry_code = roster.industry_code
where policies.is_valid
    and roster.employees > 0
    and (
        policies.insured_persons < roster.employees * {{ rule_value('persons_to_employees_low', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
        or policies.insured_persons > roster.employees * {{ rule_value('persons_to_employees_high', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
    )
