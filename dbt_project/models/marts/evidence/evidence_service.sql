-- Completed services finished in each period, under their policy's district and industry (M36).
with

services as (
    select * from {{ ref('fct_service') }} where is_completed and has_valid_policy
),

periods as (
    select * from {{ ref('int_period') }}
),

final as (
    select
        services.jurisdiction,
        periods.stat_year,
        services.district_code,
        services.industry_code,
        services.insurer_code,
        services.insured_uscc,
        services.provider,
        services.policy_no,
        services.policy_provider,
        services.service_no,
        services.item,
        services.form,
        services.provider_type,
        services.finished_on,
        services.participants,
        services.hazards_found,
        services.satisfaction,
        services.file_id,
        services.sheet,
        services.line_no
    from services
    inner join periods
        on services.jurisdiction = periods.jurisdiction
        and services.finished_on between periods.period_start and periods.period_end
)

select * from final
