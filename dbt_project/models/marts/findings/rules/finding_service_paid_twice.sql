-- 重复列支: a service that an earlier entry paid already, and no instalment within its contract (trust.md 4, Money).
with

-- Nearly every service is paid once: only the others are put in order.
paid_again as (
    select
        provider,
        service_no
    from {{ ref('fct_fee_entry') }}
    where type = '支出' and service_no is not null
    group by provider, service_no
    having count(*) > 1
),

spent as (
    select
        entries.*,
        row_number() over (partition by entries.provider, entries.service_no order by entries.entry_date, entries.entry_no) as place,
        first_value(entries.entry_no) over (
            partition by entries.provider, entries.service_no order by entries.entry_date, entries.entry_no
        ) as first_entry_no,
        sum(entries.amount) over (
            partition by entries.provider, entries.service_no order by entries.entry_date, entries.entry_no
            rows between unbounded preceding and current row
        ) as paid_so_far,
        max(entries.contract_amount) over (partition by entries.provider, entries.service_no) as contract_amount_of_service
    from {{ ref('fct_fee_entry') }} as entries
    inner join paid_again
        on entries.provider = paid_again.provider
        and entries.service_no = paid_again.service_no
    where entries.type = '支出'
)

select
    {{ finding(
        'service_paid_twice', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || '；fee_ledger:' || entries.provider || '/' || entries.first_entry_no",
        value_1='entries.service_no', value_2='entries.first_entry_no', amount='entries.amount'
    ) }}
from spent as entries
where entries.place > 1
    and not (entries.instalment and coalesce(entries.paid_so_far <= entries.contract_amount_of_service, false))
