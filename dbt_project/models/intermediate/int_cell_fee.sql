-- Prevention fee per cell. Pool entries have no district or industry: they reach the city's total only.
with

grouped as (
    select
        {{ cell_columns() }},
        {{ yuan('sum(provided)') }} as fee_provided,
        {{ yuan('sum(case when is_pool then provided else 0 end)') }} as fee_unallocated,
        {{ yuan('sum(spent)') }} as fee_spent,
        {{ yuan('sum(spent_unproven)') }} as fee_spent_unproven
    from {{ ref('evidence_fee') }}
    group by {{ cell_groups() }}
),

final as (
    select * from grouped where cell_district is not null and cell_industry is not null
)

select * from final
