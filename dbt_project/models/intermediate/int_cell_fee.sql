-- Prevention fee per cell. Pool entries have no district or industry: they reach the city's total only.
with

final as (
    select
        {{ cell_columns() }},
        {{ yuan('sum(provided)') }} as fee_provided,
        {{ yuan('sum(case when is_pool then provided else 0 end)') }} as fee_unallocated,
        {{ yuan('sum(spent)') }} as fee_spent,
        {{ yuan('sum(spent_unproven)') }} as fee_spent_unproven,
        max(case when is_pool then 1 else 0 end) as has_pool
    from {{ ref('int_fee_period') }}
    group by {{ cell_groups() }}
)

select * from final
