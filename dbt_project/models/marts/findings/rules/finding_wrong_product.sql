-- 错保: a unit that must insure bought a product that does not count as 安责险 and has no other cover (L3: 其他险种不能替代).
select
    'wrong_product' as rule_code,
    policies.jurisdiction,
    policies.district_code,
    policies.industry_code,
    policies.insurer_code,
    '生产经营单位' as subject_type,
    policies.insured_uscc as subject_code,
    policies.inception_date as found_on,
    policies.premium_received as amount,
    'policy' as feed,
    policies.policy_no as record_key,
    'policy:' || policies.policy_no as evidence_keys,
    policies.product_code as value_1,
    cast(null as varchar) as value_2,
    policies.file_id,
    policies.sheet,
    policies.line_no
from {{ ref('int_policy') }} as policies
inner join {{ ref('int_roster') }} as roster
    on policies.insured_uscc = roster.uscc
    and policies.industry_code = roster.industry_code
left join {{ ref('int_policy') }} as others
    on policies.insured_uscc = others.insured_uscc
    and policies.industry_code = others.industry_code
    and others.is_valid
    and policies.inception_date between others.inception_date and others.cover_end
where policies.invalid_reason = '险种不属安责险' and roster.mandatory and others.policy_no is null
