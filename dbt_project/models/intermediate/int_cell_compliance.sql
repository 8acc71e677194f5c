-- Policies within the contract rules per cell (M40, M41).
with

final as (
    select
        {{ cell_columns() }},
        count(meets_limit_floor) as limit_floor_policies,
        sum(case when meets_limit_floor then 1 else 0 end) as limit_floor_met,
        count(meets_commission_cap) as commission_policies,
        sum(case when meets_commission_cap then 1 else 0 end) as commission_met
    from {{ ref('evidence_compliance') }}
    group by {{ cell_groups() }}
)

select * from final
