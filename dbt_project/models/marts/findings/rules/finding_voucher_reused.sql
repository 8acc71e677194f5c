-- 一证多用: a voucher that an earlier entry of the same sender has already (trust.md 4, Money).
with

spent as (
    select
        *,
        row_number() over (partition by provider, voucher_no order by entry_date, entry_no) as place,
        first_value(entry_no) over (partition by provider, voucher_no order by entry_date, entry_no) as first_entry_no
    from {{ ref('fct_fee_entry') }}
    where type = '支出' and voucher_no is not null
)

select
    {{ finding(
        'voucher_reused', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || '；fee_ledger:' || entries.provider || '/' || entries.first_entry_no",
        value_1='entries.voucher_no', value_2='entries.first_entry_no', amount='entries.amount'
    ) }}
from spent as entries
where entries.place > 1
