-- 没有拒绝服务违约条款: contracts say what follows when the insured refuses prevention service (沪安委办〔2023〕32号 一(二): S25).
select
    {{ finding(
        'refusal_clause_missing', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1="case when policies.refusal_clause is null then '未填' else '否' end",
        unit='policies.insured_uscc', is_past='policies.cover_end < days.as_of'
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
where policies.is_valid and policies.inception_date <= days.as_of and not coalesce(policies.refusal_clause, false)
