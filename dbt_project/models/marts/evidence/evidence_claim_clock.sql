-- 理赔时效: the clocks of each claim, one row per step (核定 report to decision, 支付 decision to payment) and
-- period. A step counts in the period it ended in, or, still open past its limit, in every period it is late
-- at the end of. Insurance Law, Art. 23; days are calendar days.
with

periods as (
    select * from {{ ref('int_period') }}
),

steps as (
    select * from {{ ref('int_claim_step') }}
),

placed as (
    select
        periods.jurisdiction,
        periods.stat_year,
        steps.district_code,
        steps.industry_code,
        steps.insurer_code,
        steps.insured_uscc,
        steps.policy_no,
        steps.claim_no,
        steps.provider,
        steps.policy_provider,
        steps.step,
        steps.started_on,
        case when steps.ended_on <= periods.period_end then steps.ended_on end as ended_on,
        {{ days_inclusive('steps.started_on', 'least(coalesce(steps.ended_on, periods.period_end), periods.period_end)') }} - 1 as days,
        cast(steps.limit_days as integer) as limit_days,
        coalesce(steps.ended_on between periods.period_start and periods.period_end, false) as ended_in_period,
        steps.file_id,
        steps.sheet,
        steps.line_no
    from steps
    inner join periods
        on steps.jurisdiction = periods.jurisdiction
        and steps.started_on <= periods.period_end
        and (steps.ended_on is null or steps.ended_on >= periods.period_start)
),

final as (
    select
        *,
        days <= limit_days as is_on_time
    from placed
    where ended_in_period or (ended_on is null and days > limit_days)
)

select * from final
