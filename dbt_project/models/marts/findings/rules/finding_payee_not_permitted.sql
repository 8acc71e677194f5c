-- 套取、挪用: the fee went to a broker, the policyholder, an individual or an authority, or nobody says to whom (应急〔2025〕27号;
-- trust.md 4, Money: empty is not permitted).
select
    {{ finding(
        'payee_not_permitted', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || coalesce('；policy:' || entries.policy_provider || '/' || entries.policy_no, '')",
        value_1='entries.payee_fault', amount='entries.amount'
    ) }}
from {{ ref('fct_fee_entry') }} as entries
where entries.payee_fault is not null
