-- 超上限: spending booked since the cap came into force is above its share of the premium received
-- (应急厅函〔2024〕322号; 应急〔2025〕27号: 21 %). The cap is fee_spent_share_max of ref_rule on the day of the entry.
with

spent as (
    select
        entries.policy_provider,
        entries.policy_no,
        max(caps.value_num) as cap,
        sum(entries.amount) as amount,
        max(entries.entry_date) as last_entry_date
    from {{ ref('fct_fee_entry') }} as entries
    inner join {{ ref('ref_rule') }} as caps
        on caps.rule_code = 'fee_spent_share_max'
        and entries.entry_date >= caps.valid_from
        and (caps.valid_to is null or entries.entry_date <= caps.valid_to)
    where entries.type = '支出'
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
