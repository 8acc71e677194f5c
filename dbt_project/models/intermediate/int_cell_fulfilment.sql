-- 合同履约率 per cell (M35).
with

final as (
    select
        {{ cell_columns() }},
        cast(sum(contracted) as decimal(24, 6)) as contracted_visits,
        cast(sum(fulfilled) as decimal(24, 6)) as fulfilled_visits,
        sum(contracted_full_term) as contracted_visits_full_term,
        sum(fulfilled_full_term) as fulfilled_visits_full_term,
        sum(owed_at_end) as contracted_visits_ended,
        sum(fulfilled_at_end) as fulfilled_visits_ended
    from {{ ref('evidence_fulfilment') }}
    group by {{ cell_groups() }}
)

select * from final
