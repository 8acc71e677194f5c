-- Insured units per cell (M01, M01b, M04), which of them were served (M34), and all that were (M36).
-- A service counts for the unit in the cells of the service's policy.
with

known as (
    {{ policies_and_services() }}
),

units as (
    select
        {{ cell_columns() }},
        max(covered) as covered,
        max(incepted) as incepted,
        max(in_force) as in_force,
        max(serviced) as serviced,
        max(onsite) as onsite
    from known
    group by {{ cell_groups(['insured_uscc']) }}
),

final as (
    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        sum(incepted) as insured_units,
        sum(in_force) as insured_units_in_force,
        sum(covered) as insured_units_any_day,
        sum(serviced) as serviced_units,
        sum(serviced * in_force) as serviced_units_in_force,
        sum(onsite * in_force) as serviced_units_onsite,
        sum(serviced * incepted) as serviced_units_incepted,
        sum(serviced * covered) as serviced_units_any_day
    from units
    group by jurisdiction, stat_year, cell_district, cell_industry
)

select * from final
