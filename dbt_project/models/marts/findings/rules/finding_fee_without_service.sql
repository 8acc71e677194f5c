-- 虚列费用: 支出 whose service does not stand for it: none named or known, not completed, void, another policy's (trust.md 4, Money;
-- domain.md 9.2).
select
    {{ finding(
        'fee_without_service', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || coalesce('；policy:' || entries.spent_policy_provider || '/' || entries.spent_policy_no, '')",
        value_1='entries.service_no', value_2='entries.service_fault', amount='entries.amount'
    ) }}
from {{ ref('fct_fee_entry') }} as entries
where entries.service_fault is not null
