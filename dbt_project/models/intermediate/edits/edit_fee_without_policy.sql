-- 费用没有对应保单: waits for the policy; pool entries have none by right.
select
    'fee_without_policy' as edit_code,
    'fee_ledger' as feed,
    entries.entry_no as record_key,
    entries.provider,
    entries.file_id,
    entries.sheet,
    entries.line_no,
    entries.policy_no as value_1,
    cast(null as string) as value_2
from {{ ref('fct_fee_entry') }} as entries
where entries.policy_no is not null
    and entries.policy_provider is null
