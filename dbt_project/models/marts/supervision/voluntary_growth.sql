-- 自愿投保增长: units insured in fields that are not mandatory there, year by year (沪安委办〔2023〕32号 一(三)、三(一)).
-- A field is voluntary by the duty in force at the period's end (ref_industry_duty). A year that is not over is held against the same days
-- of the year before (trust.md 3).
with

cells as (
    select * from {{ ref('supervision_metrics') }} where district_code = 'ALL' and industry_code <> 'ALL'
),

voluntary as (
    select
        cells.jurisdiction,
        cells.stat_year,
        cells.period_end,
        cells.industry_code,
        cells.industry_name,
        cells.insured_units,
        cells.policies,
        cells.premium_received
    from cells
    where not coalesce({{ is_mandatory('cells.period_end', 'cells.jurisdiction', 'cells.industry_code') }}, false)
),

-- Units begun by the same day of the year before the one that runs.
same_days_before as (
    select
        begun.jurisdiction,
        begun.industry_code,
        parts.stat_year,
        count(distinct begun.insured_uscc) as insured_units
    from {{ ref('evidence_policy') }} as begun
    inner join {{ ref('int_part_period') }} as parts
        on begun.jurisdiction = parts.jurisdiction
        and begun.stat_year = parts.stat_year
        and begun.inception_date <= parts.part_end
    cross join {{ ref('int_as_of') }} as today
    where parts.basis = 'as_of' and parts.stat_year = {{ year_of('today.as_of') }} - 1 and begun.is_incepted and begun.is_in_force_any_day
    group by begun.jurisdiction, begun.industry_code, parts.stat_year
),

compared as (
    select
        now.*,
        case
            when {{ month_of('now.period_end') }} = 12 and {{ day_of('now.period_end') }} = 31 then before.insured_units
            when before.insured_units is not null then coalesce(same_days_before.insured_units, 0)
        end as insured_units_before
    from voluntary as now
    left join voluntary as before
        on now.jurisdiction = before.jurisdiction
        and now.industry_code = before.industry_code
        and now.stat_year = before.stat_year + 1
    left join same_days_before
        on now.jurisdiction = same_days_before.jurisdiction
        and now.industry_code = same_days_before.industry_code
        and now.stat_year = same_days_before.stat_year + 1
),

final as (
    select
        now.jurisdiction,
        now.stat_year,
        now.period_end,
        now.industry_code,
        now.industry_name,
        now.insured_units,
        now.insured_units_before,
        now.insured_units - now.insured_units_before as more_units,
        {{ ratio('now.insured_units - now.insured_units_before', 'now.insured_units_before') }} as growth,
        now.policies,
        now.premium_received
    from compared as now
)

select * from final
