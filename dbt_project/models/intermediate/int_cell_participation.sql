-- 参保率 per cell. In a total a unit is one, insured only when every required row of it there is, and pending (待核) when all that
-- are not insured are.
with

unit_rows as (
    select
        {{ cell_columns() }},
        uscc,
        min(case when is_insured then 1 else 0 end) as insured,
        min(case when is_insured or is_pending then 1 else 0 end) as insured_or_pending,
        sum(case when is_insured and employees > 0 then 1 else 0 end) as staffed_rows,
        sum(case when is_insured and employees > 0 and insured_persons >= employees then 1 else 0 end) as full_staff_rows
    from {{ ref('evidence_participation') }}
    group by {{ cell_groups(['uscc']) }}
),

final as (
    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        count(*) as required_units,
        sum(insured) as insured_required_units,
        sum(insured_or_pending - insured) as pending_units,
        sum(case when insured = 1 and staffed_rows > 0 then 1 else 0 end) as staffed_units,
        sum(case when insured = 1 and staffed_rows > 0 and full_staff_rows = staffed_rows then 1 else 0 end)
            as full_staff_units
    from unit_rows
    group by jurisdiction, stat_year, cell_district, cell_industry
)

select * from final
