-- 非法预提: provided for a policy, its cover over for some time, and nothing of it ever spent (沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'provision_never_spent', 'balances', feed='policy', key='balances.policy_no', found_on='balances.cover_end',
        evidence="'policy:' || balances.provider || '/' || balances.policy_no", value_1="balances.provided", value_2="balances.cover_end",
        amount="balances.provided"
    ) }}
from {{ ref('fee_ledger_balance') }} as balances
where balances.provided > 0 and balances.spent = 0 and balances.spent_unproven = 0
    and {{ days_inclusive('balances.cover_end', 'balances.as_of') }} - 1
    > {{ finding_threshold('provision_never_spent', 'balances.cover_end', 'balances.jurisdiction', 'balances.industry_code') }}
