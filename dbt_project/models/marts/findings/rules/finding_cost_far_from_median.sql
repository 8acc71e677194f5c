-- 虚列费用: a visit cost many times what the same item costs in the city (domain.md 9.2). Statistical.
with

spent as (
    select
        entries.*,
        services.item
    from {{ ref('fct_fee_entry') }} as entries
    inner join {{ ref('fct_service') }} as services
        on entries.provider = services.provider
        and entries.service_no = services.service_no
    where entries.type = '支出' and entries.policy_no is not null
),

medians as (
    select
        jurisdiction,
        item,
        {{ median_yuan('amount') }} as median_amount
    from spent
    group by jurisdiction, item
)

select
    {{ finding(
        'cost_far_from_median', 'spent', feed='fee_ledger', key='spent.entry_no', found_on='spent.entry_date',
        evidence="'fee_ledger:' || spent.provider || '/' || spent.entry_no || '；service_record:' || spent.provider || '/' || spent.service_no",
        value_1='spent.amount', value_2='cast(medians.median_amount as decimal(18, 2))', amount='spent.amount'
    ) }}
from spent
inner join medians
    on spent.jurisdiction = medians.jurisdiction
    and spent.item = medians.item
where spent.amount > {{ share_of('medians.median_amount', finding_threshold('cost_far_from_median', 'spent.entry_date', 'spent.jurisdiction', 'spent.industry_code'), 3) }}
