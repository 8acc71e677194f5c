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

-- Few visits: by the lowest threshold there ever was. The day of the entry says which one is in force.
dear as (
    select
        visits.*,
        medians.median_amount
    from visits
    inner join medians
        on visits.jurisdiction = medians.jurisdiction
        and visits.item = medians.item
    where visits.amount > {{ share_of('medians.median_amount', "(select min(threshold) from " ~ ref('ref_finding_rule') ~ " where rule_code = 'cost_far_from_median')", 3) }}
),

-- The visit's largest entry speaks for it.
spent as (
    select
        entries.*,
        dear.median_amount,
        dear.amount as visit_amount,
        row_number() over (partition by entries.provider, entries.service_no order by entries.amount desc, entries.entry_no) as place
    from {{ ref('fct_fee_entry') }} as entries
    inner join dear
        on entries.provider = dear.provider
        and entries.service_no = dear.service_no
        and entries.jurisdiction = dear.jurisdiction
    where entries.type = '支出'
)

select
    {{ finding(
        'cost_far_from_median', 'spent', feed='fee_ledger', key='spent.entry_no', found_on='spent.entry_date',
        evidence="'fee_ledger:' || spent.provider || '/' || spent.entry_no || '；service_record:' || spent.provider || '/' || spent.service_no",
        value_1='spent.visit_amount', value_2='cast(spent.median_amount as decimal(18, 2))', amount='spent.visit_amount'
    ) }}
from spent
where spent.place = 1
    and spent.visit_amount > {{ share_of('spent.median_amount', finding_threshold('cost_far_from_median', 'spent.entry_date', 'spent.jurisdiction', 'spent.industry_code'), 3) }}
