-- 虚列费用: 支出 that names no completed service (domain.md 9.2; 沪安委办〔2023〕32号 二(一)).
select
    {{ finding(
        'fee_without_service', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || coalesce('；policy:' || entries.policy_provider || '/' || entries.policy_no, '')",
        value_1="entries.service_no", amount="entries.amount"
    ) }}
from {{ ref('fct_fee_entry') }} as entries
left join {{ ref('fct_service') }} as services
    on entries.provider = services.provider
    and entries.service_no = services.service_no
where entries.type = '支出' and not coalesce(services.is_completed, false)
