-- 投保单位不在名录: a valid policy of a mandatory field whose unit the roster of that field does not know.
select
    'insured_not_on_roster' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    policies.insured_uscc as value_1,
    cast(null as string) as value_2
from {{ ref('fct_policy') }} as policies
left join {{ ref('fct_roster') }} as roster
    on policies.insured_uscc = roster.uscc
    and policies.industry_code = roster.industry_code
where policies.is_valid
    and roster.uscc is null
    and {{ is_mandatory('policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
