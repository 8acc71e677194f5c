-- 套取: the fee went back to the insured unit or the policyholder (沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'payee_is_insured', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || '；policy:' || entries.policy_provider || '/' || entries.policy_no", value_1='entries.payee_uscc',
        amount='entries.amount'
    ) }}
from {{ ref('fct_fee_entry') }} as entries
inner join {{ ref('fct_policy') }} as policies
    on entries.policy_provider = policies.provider
    and entries.policy_no = policies.policy_no
where entries.type = '支出' and entries.payee_uscc in (policies.insured_uscc, policies.policyholder_uscc)
