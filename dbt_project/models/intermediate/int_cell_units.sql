-- Insured units per cell (M01, M01b, M04), which of them were served (M34), and all that were (M36).
-- A service counts for the unit in the cells of the service's policy. Policies and services are grouped together: to
-- join units after each has been grouped takes three times as long.
with

known as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insured_uscc,
        1 as covered,
        case when is_incepted then 1 else 0 end as incepted,
        case when is_in_force then 1 else 0 end as in_force,
        0 as serviced,
        0 as onsite
    from {{ ref('evidence_policy') }}
    -- Cover ends before it begins for a policy surrendered at once: no day in force.
    where is_incepted or is_in_force_any_day

    union all

    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insured_uscc,
        0 as covered,
        0 as incepted,
        0 as in_force,
        1 as serviced,
        case when form = '线下' then 1 else 0 end as onsite
    from {{ ref('evidence_service') }}
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
