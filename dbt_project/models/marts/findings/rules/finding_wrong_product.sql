-- 错保: a unit that must insure bought a product that does not count as 安责险 and has no other cover (L3: 其他险种不能替代).
select
    {{ finding(
        'wrong_product', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1="policies.product_code",
        amount="policies.premium_received", subject_type='生产经营单位', subject="policies.insured_uscc"
    ) }}
from {{ ref('fct_policy') }} as policies
inner join {{ ref('fct_roster') }} as roster
    on policies.insured_uscc = roster.uscc
    and policies.industry_code = roster.industry_code
left join {{ ref('fct_policy') }} as others
    on policies.insured_uscc = others.insured_uscc
    and policies.industry_code = others.industry_code
    and others.is_valid
    and policies.inception_date between others.inception_date and others.cover_end
where policies.invalid_reason = '险种不属安责险' and roster.is_required and others.policy_no is null
