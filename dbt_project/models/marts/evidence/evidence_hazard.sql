-- Hazards found in each period, whether due by its end and rechecked by then (M37, M38).
with

hazards as (
    select * from {{ ref('fct_hazard') }}
),

periods as (
    select * from {{ ref('int_period') }}
),

final as (
    select
        hazards.jurisdiction,
        periods.stat_year,
        hazards.district_code,
        hazards.industry_code,
        hazards.insurer_code,
        hazards.insured_uscc,
        hazards.provider,
        hazards.policy_no,
        hazards.policy_provider,
        hazards.hazard_no,
        hazards.service_no,
        hazards.grade,
        hazards.found_date,
        hazards.due_date,
        hazards.rechecked_on,
        hazards.due_date <= periods.period_end as is_due,
        coalesce(hazards.rechecked_on <= periods.period_end, false) as is_closed,
        coalesce(hazards.refused, false) as is_refused,
        coalesce(cast(hazards.reported_at as date) <= periods.period_end, false) as is_reported,
        hazards.file_id,
        hazards.sheet,
        hazards.line_no
    from hazards
    inner join periods
        on hazards.jurisdiction = periods.jurisdiction
        and hazards.found_date between periods.period_start and periods.period_end
)

select * from final
