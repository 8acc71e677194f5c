-- 条款未备案: the clause is not one the insurer has filed for the product, or not for that day (沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'unfiled_clause', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='policies.clause_filing_no', value_2='policies.inception_date',
        amount='policies.premium_received', unit='policies.insured_uscc'
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
-- Only where the city's table of filed clauses has been handed in.
inner join (
    select distinct cities.jurisdiction
    from {{ ref('ref_jurisdiction') }} as cities
    inner join {{ ref('ref_clause') }} as filed
        on filed.jurisdiction is null or cities.jurisdiction = filed.jurisdiction
) as tables_of
    on policies.jurisdiction = tables_of.jurisdiction
left join {{ ref('ref_clause') }} as clauses
    on {{ is_filed_for('clauses', 'policies') }}
where policies.is_valid and policies.inception_date <= days.as_of and clauses.clause_filing_no is null
