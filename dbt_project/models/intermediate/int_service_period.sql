-- Completed services finished in each period, under their policy's district and industry (M36).
with

services as (
    select * from {{ ref('int_service') }} where is_completed and has_valid_policy
),

periods as (
    select * from {{ ref('int_period') }}
),

final as (
    select
        periods.stat_year,
        services.*
    from services
    inner join periods
        on services.jurisdiction = periods.jurisdiction
        and services.finished_on between periods.period_start and periods.period_end
)

select * from final
