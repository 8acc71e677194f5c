-- More was spent on a policy than its contract and its provision allow: somebody else paid for it, or it is booked wrongly (domain.md 5.4,
-- M33). The day of the fact is that of the last entry: cover may end years later.
with

spent as (
    select
        spent_policy_provider,
        spent_policy_no,
        max(entry_date) as last_entry_date
    from {{ ref('fct_fee_entry') }}
    where type = '支出'
    group by spent_policy_provider, spent_policy_no
)

select
    {{ finding(
        'fee_above_contract', 'balances', feed='policy', key='balances.policy_no', found_on='spent.last_entry_date',
        evidence="'policy:' || balances.provider || '/' || balances.policy_no", value_1="balances.spent_total + balances.spent_from_pool", unit='balances.insured_uscc',
        value_2="greatest(balances.contracted, balances.provided)",
        amount="balances.spent_total + balances.spent_from_pool - greatest(balances.contracted, balances.provided)"
    ) }}
from {{ ref('fee_ledger_balance') }} as balances
inner join spent
    on balances.provider = spent.spent_policy_provider
    and balances.policy_no = spent.spent_policy_no
where balances.spent_total + balances.spent_from_pool > {{ share_of(
    'greatest(balances.contracted, balances.provided)', finding_threshold('fee_above_contract', 'spent.last_entry_date', 'balances.jurisdiction', 'balances.industry_code')
) }}
