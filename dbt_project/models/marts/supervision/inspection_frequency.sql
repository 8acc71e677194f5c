-- 检查频次与参保、整改情况: how often units are inspected according to whether they are insured and mend their hazards, and in how many
-- inspections that was considered (沪安委办〔2023〕32号 一(三): a reference for the frequency of inspections and for discretion).
-- Units as they are today, inspections of the last year.
with

visits as (
    select
        inspections.target_code as uscc,
        count(*) as inspections,
        sum(case when inspections.considered then 1 else 0 end) as considered
    from {{ ref('fct_inspection') }} as inspections
    cross join {{ ref('int_as_of') }} as today
    where inspections.target_type = '生产经营单位'
        and inspections.inspected_on > {{ add_days('today.as_of', -365) }}
    group by inspections.target_code
),

fined as (
    select
        cases.uscc,
        count(*) as cases
    from {{ ref('fct_enforcement') }} as cases
    cross join {{ ref('int_as_of') }} as today
    where cases.decided_on > {{ add_days('today.as_of', -365) }} and cases.uscc is not null
    group by cases.uscc
),

units as (
    select
        units.jurisdiction,
        units.district_code,
        units.uscc,
        units.insured_state,
        case
            when units.overdue_hazards > 0 or units.refusals > 0 then '逾期或拒不整改'
            when units.hazards > 0 then '按期整改'
            else '没有隐患记录'
        end as hazard_state,
        coalesce(visits.inspections, 0) as inspections,
        coalesce(visits.considered, 0) as considered,
        coalesce(fined.cases, 0) as cases
    from {{ ref('unit_360') }} as units
    left join visits
        on units.uscc = visits.uscc
    left join fined
        on units.uscc = fined.uscc
    where units.is_on_roster
),

final as (
    select
        jurisdiction,
        case when grouping(district_code) = 1 then 'ALL' else district_code end as district_code,
        insured_state,
        hazard_state,
        count(*) as units,
        cast(sum(case when inspections > 0 then 1 else 0 end) as bigint) as inspected_units,
        cast(sum(inspections) as bigint) as inspections,
        {{ ratio('sum(inspections)', 'count(*)') }} as inspections_per_unit,
        cast(sum(considered) as bigint) as considered_inspections,
        cast(sum(cases) as bigint) as enforcement_cases
    from units
    group by grouping sets (
        (jurisdiction, district_code, insured_state, hazard_state),
        (jurisdiction, insured_state, hazard_state)
    )
)

select * from final
