-- Hazards per cell: due by the period's end, of these rechecked, overdue, refused and reported (M37, M38).
with

final as (
    select
        {{ cell_columns() }},
        count(*) as hazards_recorded,
        sum(case when is_due then 1 else 0 end) as hazards_due,
        sum(case when is_due and is_closed then 1 else 0 end) as hazards_closed,
        sum(case when is_due and not is_closed then 1 else 0 end) as hazards_overdue,
        sum(case when grade = '重大' then 1 else 0 end) as major_hazards_recorded,
        sum(case when grade = '重大' and is_due then 1 else 0 end) as major_hazards_due,
        sum(case when grade = '重大' and is_due and is_closed then 1 else 0 end) as major_hazards_closed,
        sum(case when grade = '重大' and is_due and not is_closed then 1 else 0 end) as major_hazards_overdue,
        sum(case when grade = '重大' and is_refused then 1 else 0 end) as major_hazards_refused,
        sum(case when grade = '重大' and is_refused and is_reported then 1 else 0 end) as refusals_reported
    from {{ ref('evidence_hazard') }}
    group by {{ cell_groups() }}
)

select * from final
where cell_industry is not null
