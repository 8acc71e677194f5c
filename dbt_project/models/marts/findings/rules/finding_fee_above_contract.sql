-- More was spent on a policy than its contract and its provision allow: somebody else paid for it, or it is booked wrongly (domain.md 5.4, M33).
select
    'fee_above_contract' as rule_code,
    balances.jurisdiction,
    balances.district_code,
    balances.industry_code,
    balances.insurer_code,
    '承保机构' as subject_type,
    balances.insurer_code as subject_code,
    balances.cover_end as found_on,
    balances.spent_total - greatest(balances.contracted, balances.provided) as amount,
    'policy' as feed,
    balances.policy_no as record_key,
    'policy:' || balances.policy_no as evidence_keys,
    cast(balances.spent_total as varchar) as value_1,
    cast(greatest(balances.contracted, balances.provided) as varchar) as value_2,
    balances.file_id,
    balances.sheet,
    balances.line_no
from {{ ref('fee_ledger_balance') }} as balances
where balances.spent_total > greatest(balances.contracted, balances.provided)
    * {{ finding_threshold('fee_above_contract', 'balances.cover_end') }}
