-- 虚列费用: a visit cost many times what visits of the same item cost in the city (domain.md 9.2), pool entries included. Statistical.
with

visits as (
    select
        entries.provider,
        entries.service_no,
        entries.jurisdiction,
        services.item,
        sum(entries.amount) as amount
    from {{ ref('fct_fee_entry') }} as entries
    inner join {{ ref('fct_service') }} as services
        on entries.provider = services.provider
        and entries.service_no = services.service_no
    where entries.type = '支出'
    group by entries.provider, entries.service_no, entries.jurisdiction, services.item
),

medians as (
    select
        jurisdiction,
        item,
        {{ median_yuan('amount') }} as median_amount
    from visits
    group by jurisdiction, item
),

-- The visit's largest entry speaks for it.
spent as (
    select
        entries.*,
        visits.item,
        visits.amount as visit_amount,
        row_number() over (partition by entries.provider, entries.service_no order by entries.amount desc, entries.entry_no) as place
    from {{ ref('fct_fee_entry') }} as entries
    inner join visits
        on entries.provider = visits.provider
        and entries.service_no = visits.service_no
    where entries.type = '支出'
)

select
    {{ finding(
        'cost_far_from_median', 'spent', feed='fee_ledger', key='spent.entry_no', found_on='spent.entry_date',
        evidence="'fee_ledger:' || spent.provider || '/' || spent.entry_no || '；service_record:' || spent.provider || '/' || spent.service_no",
        value_1='spent.visit_amount', value_2='cast(medians.median_amount as decimal(18, 2))', amount='spent.visit_amount'
    ) }}
from spent
inner join medians
    on spent.jurisdiction = medians.jurisdiction
    and spent.item = medians.item
where spent.place = 1
    and spent.visit_amount > {{ share_of('medians.median_amount', finding_threshold('cost_far_from_median', 'spent.entry_date', 'spent.jurisdiction', 'spent.industry_code'), 3) }}
