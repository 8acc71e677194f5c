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
inner join {{ ref('ref_industry_duty') }} as duties
    on policies.jurisdiction = duties.jurisdiction
    and policies.industry_code = duties.industry_code
    and duties.is_mandatory
    and policies.inception_date >= duties.valid_from
    and (duties.valid_to is null or policies.inception_date <= duties.valid_to)
left join {{ ref('fct_roster') }} as roster
    on policies.insured_uscc = roster.uscc
    and policies.industry_code = roster.industry_code
where policies.is_valid
    and roster.uscc is null
