-- Earned premium of the policy year per cell (M09).
with

final as (
    select
        {{ cell_columns() }},
        {{ yuan('sum(earned)') }} as earned_premium
    from {{ ref('evidence_earned') }}
    group by {{ cell_groups() }}
)

select * from final
