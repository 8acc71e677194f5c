-- 单张超上限: what was spent on one policy since the ceiling began is above its share of that policy's premium. The ceiling is the
-- insurer's (fee_above_cap): a lesser signal, and none of small policies, of which one visit takes more (trust.md 7).
with

entries as (
    select
        spending.*,
        {{ rule_value('fee_spent_share_max', 'spending.entry_date', 'spending.jurisdiction', 'spending.industry_code') }} as cap
    from {{ ref('fct_fee_entry') }} as spending
    where spending.type = '支出'
),

spent as (
    select
        entries.spent_policy_provider,
        entries.spent_policy_no,
        max(entries.cap) as cap,
        sum(entries.amount) as amount,
        max(entries.entry_date) as last_entry_date
    from entries
    where entries.cap is not null and entries.spent_policy_no is not null
    group by entries.spent_policy_provider, entries.spent_policy_no
)

select
    {{ finding(
        'fee_above_cap_policy', 'balances', feed='policy', key='balances.policy_no', found_on='spent.last_entry_date',
        evidence="'policy:' || balances.provider || '/' || balances.policy_no", value_1='spent.amount', value_2='balances.premium_received',
        amount='spent.amount - ' ~ share_of('balances.premium_received', 'spent.cap'), unit='balances.insured_uscc'
    ) }}
from {{ ref('fee_ledger_balance') }} as balances
inner join spent
    on balances.provider = spent.spent_policy_provider
    and balances.policy_no = spent.spent_policy_no
where spent.amount > {{ share_of('balances.premium_received', 'spent.cap') }}
    and balances.premium_received
    >= {{ finding_threshold('fee_above_cap_policy', 'spent.last_entry_date', 'balances.jurisdiction', 'balances.industry_code') }}
