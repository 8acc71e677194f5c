-- Insured units and policies per cell (M01, M01b, M04), and which of the units were served (M34).
-- A service counts for the unit in the cells of the service's policy.
with

insured as (
    select
        {{ cell_columns() }},
        insured_uscc as uscc,
        max(case when is_incepted then 1 else 0 end) as incepted,
        max(case when is_in_force then 1 else 0 end) as in_force
    from {{ ref('evidence_policy') }}
    -- Cover ends before it begins for a policy surrendered at once: no day in force.
    where is_incepted or is_in_force_any_day
    group by {{ cell_groups(['insured_uscc']) }}
),

serviced as (
    select
        {{ cell_columns() }},
        insured_uscc as uscc,
        max(case when form = '线下' then 1 else 0 end) as onsite
    from {{ ref('evidence_service') }}
    group by {{ cell_groups(['insured_uscc']) }}
),

final as (
    select
        insured.jurisdiction,
        insured.stat_year,
        insured.cell_district,
        insured.cell_industry,
        sum(insured.incepted) as insured_units,
        sum(insured.in_force) as insured_units_in_force,
        count(*) as insured_units_any_day,
        sum(case when serviced.uscc is not null then insured.in_force else 0 end) as serviced_units_in_force,
        sum(case when serviced.onsite = 1 then insured.in_force else 0 end) as serviced_units_onsite,
        sum(case when serviced.uscc is not null then insured.incepted else 0 end) as serviced_units_incepted,
        sum(case when serviced.uscc is not null then 1 else 0 end) as serviced_units_any_day
    from insured
    left join serviced
        on insured.jurisdiction = serviced.jurisdiction
        and insured.stat_year = serviced.stat_year
        and insured.cell_district = serviced.cell_district
        and insured.cell_industry = serviced.cell_industry
        and insured.uscc = serviced.uscc
    group by insured.jurisdiction, insured.stat_year, insured.cell_district, insured.cell_industry
)

select * from final
