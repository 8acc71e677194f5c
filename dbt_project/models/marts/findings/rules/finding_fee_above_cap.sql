-- 超上限: spending booked since the cap came into force is above its share of the premium received
-- (应急厅函〔2024〕322号; 应急〔2025〕27号: 21 %). The cap is fee_spent_share_max of ref_rule on the day of the entry.
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
        entries.policy_provider,
        entries.policy_no,
        max(entries.cap) as cap,
        sum(entries.amount) as amount,
        max(entries.entry_date) as last_entry_date
    from entries
    where entries.cap is not null
    group by entries.policy_provider, entries.policy_no
)

select
    {{ finding(
        'fee_above_cap', 'balances', feed='policy', key='balances.policy_no', found_on='spent.last_entry_date',
        evidence="'policy:' || balances.provider || '/' || balances.policy_no", value_1='spent.amount', value_2='balances.premium_received',
        amount='spent.amount - ' ~ share_of('balances.premium_received', 'spent.cap')
    ) }}
from {{ ref('fee_ledger_balance') }} as balances
inner join spent
    on balances.provider = spent.policy_provider
    and balances.policy_no = spent.policy_no
where spent.amount > {{ share_of('balances.premium_received', 'spent.cap') }}
