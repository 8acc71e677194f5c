-- 虚列费用: 支出 without a voucher (AQ 9010-2019, 7.3; 沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'fee_without_voucher', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || coalesce('；policy:' || entries.policy_provider || '/' || entries.policy_no, '')",
        amount="entries.amount"
    ) }}
from {{ ref('fct_fee_entry') }} as entries
where entries.type = '支出' and entries.voucher_no is null
