-- 非法预提: provided for a policy, its cover over for some time, and nothing of it ever spent (沪安委办〔2023〕32号 二(一)).
select
    'provision_never_spent' as rule_code,
    balances.jurisdiction,
    balances.district_code,
    balances.industry_code,
    balances.insurer_code,
    '承保机构' as subject_type,
    balances.insurer_code as subject_code,
    balances.cover_end as found_on,
    balances.provided as amount,
    'policy' as feed,
    balances.policy_no as record_key,
    'policy:' || balances.policy_no as evidence_keys,
    cast(balances.provided as varchar) as value_1,
    cast(balances.cover_end as varchar) as value_2,
    balances.file_id,
    balances.sheet,
    balances.line_no
from {{ ref('fee_ledger_balance') }} as balances
where balances.provided > 0 and balances.spent = 0 and balances.spent_unproven = 0
    and {{ days_inclusive('balances.cover_end', 'balances.as_of') }} - 1
    > {{ finding_threshold('provision_never_spent', 'balances.cover_end') }}
