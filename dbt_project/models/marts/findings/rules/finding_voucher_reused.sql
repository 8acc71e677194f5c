-- 一证多用: a voucher that an earlier entry of the same sender has already (trust.md 4, Money).
with

-- Nearly every voucher has one entry: only the others are put in order.
reused as (
    select
        provider,
        voucher_no
    from {{ ref('fct_fee_entry') }}
    where type = '支出' and voucher_no is not null
    group by provider, voucher_no
    having count(*) > 1
),

spent as (
    select
        entries.*,
        row_number() over (partition by entries.provider, entries.voucher_no order by entries.entry_date, entries.entry_no) as place,
        first_value(entries.entry_no) over (
            partition by entries.provider, entries.voucher_no order by entries.entry_date, entries.entry_no
        ) as first_entry_no
    from {{ ref('fct_fee_entry') }} as entries
    inner join reused
        on entries.provider = reused.provider
        and entries.voucher_no = reused.voucher_no
    where entries.type = '支出'
)

select
    {{ finding(
        'voucher_reused', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || '；fee_ledger:' || entries.provider || '/' || entries.first_entry_no",
        value_1='entries.voucher_no', value_2='entries.first_entry_no', amount='entries.amount'
    ) }}
from spent as entries
where entries.place > 1
