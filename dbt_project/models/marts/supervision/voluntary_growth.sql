-- 自愿投保增长: units insured in fields that are not mandatory there, year by year (沪安委办〔2023〕32号 一(三)、三(一)).
-- A field is voluntary by the duty in force at the period's end (ref_industry_duty).
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

final as (
    select
        now.jurisdiction,
        now.stat_year,
        now.period_end,
        now.industry_code,
        now.industry_name,
        now.insured_units,
        before.insured_units as insured_units_before,
        now.insured_units - before.insured_units as more_units,
        {{ ratio('now.insured_units - before.insured_units', 'before.insured_units') }} as growth,
        now.policies,
        now.premium_received
    from voluntary as now
    left join voluntary as before
        on now.jurisdiction = before.jurisdiction
        and now.industry_code = before.industry_code
        and now.stat_year = before.stat_year + 1
)

select * from final
