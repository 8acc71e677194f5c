-- Claims per cell (M06, M08, M08a, M09).
with

final as (
    select
        {{ cell_columns() }},
        count(distinct case when loss_in_period then {{ policy_key() }} end) as policies_with_claims,
        count(distinct case when loss_in_period and is_policy_year then {{ policy_key() }} end) as policies_with_claims_incepted,
        {{ yuan('sum(settled)') }} as claims_settled,
        {{ yuan('sum(paid_open)') }} as claims_paid_open,
        {{ yuan('sum(outstanding)') }} as claims_outstanding,
        {{ yuan('sum(policy_year_incurred)') }} as policy_year_incurred
    from {{ ref('evidence_claim') }}
    group by {{ cell_groups() }}
)

select * from final
