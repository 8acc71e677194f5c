-- More was spent on a policy than its contract and its provision allow: somebody else paid for it, or it is booked wrongly (domain.md 5.4, M33).
select
    {{ finding(
        'fee_above_contract', 'balances', feed='policy', key='balances.policy_no', found_on='balances.cover_end',
        evidence="'policy:' || balances.provider || '/' || balances.policy_no", value_1="balances.spent_total + balances.spent_from_pool", unit='balances.insured_uscc',
        value_2="greatest(balances.contracted, balances.provided)",
        amount="balances.spent_total + balances.spent_from_pool - greatest(balances.contracted, balances.provided)"
    ) }}
from {{ ref('fee_ledger_balance') }} as balances
where balances.spent_total + balances.spent_from_pool > {{ share_of(
    'greatest(balances.contracted, balances.provided)', finding_threshold('fee_above_contract', 'balances.cover_end', 'balances.jurisdiction', 'balances.industry_code')
) }}
