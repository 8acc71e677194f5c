-- 套取、挪用: the fee went to a broker, the policyholder, an individual or an authority (应急〔2025〕27号; 沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'payee_not_permitted', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || coalesce('；policy:' || entries.policy_provider || '/' || entries.policy_no, '')",
        value_1="entries.payee_type", amount="entries.amount"
    ) }}
from {{ ref('fct_fee_entry') }} as entries
where entries.type = '支出' and entries.payee_type in ('经纪代理', '投保单位', '个人', '政府部门')
