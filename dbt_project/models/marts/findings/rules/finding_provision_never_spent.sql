-- 非法预提: provided for a policy, its cover over for some time, and nothing ever spent on it, from the pool neither (沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'provision_never_spent', 'balances', feed='policy', key='balances.policy_no', found_on='balances.cover_end',
        evidence="'policy:' || balances.provider || '/' || balances.policy_no", value_1="balances.provided", value_2="balances.cover_end",
        amount="balances.provided", unit='balances.insured_uscc'
    ) }}
from {{ ref('fee_ledger_balance') }} as balances
where balances.provided > 0 and balances.spent_total = 0 and balances.spent_from_pool = 0
    and {{ days_inclusive('balances.cover_end', 'balances.as_of') }} - 1
    > {{ finding_threshold('provision_never_spent', 'balances.cover_end', 'balances.jurisdiction', 'balances.industry_code') }}
