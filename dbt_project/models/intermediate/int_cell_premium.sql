-- Policies (M04), premium (M03) and contracted fee per cell.
with

final as (
    select
        {{ cell_columns() }},
        sum(case when endorsement_no is null then 1 else 0 end) as policies,
        {{ yuan('sum(premium_written)') }} as premium_written,
        {{ yuan('sum(premium_received)') }} as premium_received,
        {{ yuan('sum(fee_contracted)') }} as fee_contracted
    from {{ ref('evidence_premium') }}
    group by {{ cell_groups() }}
)

select * from final
