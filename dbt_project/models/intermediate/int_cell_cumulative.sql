-- 累计参保单位 (M02) per cell.
with

final as (
    select
        {{ cell_columns() }},
        count(distinct insured_uscc) as insured_units_cumulative
    from {{ ref('evidence_insured_ever') }}
    group by {{ cell_groups() }}
)

select * from final
