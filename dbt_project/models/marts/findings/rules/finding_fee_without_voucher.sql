-- 虚列费用: 支出 without a voucher (AQ 9010-2019, 7.3; 沪安委办〔2023〕32号 二(一)).
select
    'fee_without_voucher' as rule_code,
    entries.jurisdiction,
    entries.district_code,
    entries.industry_code,
    entries.insurer_code,
    '承保机构' as subject_type,
    entries.insurer_code as subject_code,
    entries.entry_date as found_on,
    entries.amount,
    'fee_ledger' as feed,
    entries.entry_no as record_key,
    'fee_ledger:' || entries.entry_no || coalesce('；policy:' || entries.policy_no, '') as evidence_keys,
    cast(null as varchar) as value_1,
    cast(null as varchar) as value_2,
    entries.file_id,
    entries.sheet,
    entries.line_no
from {{ ref('int_fee_entry') }} as entries
where entries.type = '支出' and entries.voucher_no is null
