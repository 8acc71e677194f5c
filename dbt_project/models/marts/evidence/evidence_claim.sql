-- Each claim (not 销案, on a valid policy) in each period where it counts, with the amount it adds.
-- settled: closed in the period. open at its end: paid so far, and what the estimate leaves.
-- loss_in_period: M06. is_policy_year: the policy incepted in the period (M09).
with

claims as (
    select * from {{ ref('fct_claim') }} where has_valid_policy and not awaits_confirmation and status <> '销案'
),

periods as (
    select * from {{ ref('int_period') }}
),

joined as (
    select
        periods.jurisdiction,
        periods.stat_year,
        periods.period_end,
        claims.claim_no,
        claims.provider,
        claims.policy_no,
        claims.policy_provider,
        claims.insured_uscc,
        claims.district_code,
        claims.industry_code,
        claims.insurer_code,
        claims.loss_date,
        claims.report_date,
        claims.close_date,
        claims.estimate,
        claims.paid_to_date,
        claims.file_id,
        claims.sheet,
        claims.line_no,
        claims.loss_date between periods.period_start and periods.period_end as loss_in_period,
        coalesce(claims.close_date between periods.period_start and periods.period_end, false) as is_settled,
        claims.report_date <= periods.period_end
        and (claims.close_date is null or claims.close_date > periods.period_end) as is_open,
        claims.report_date <= periods.period_end
        and claims.inception_date between periods.period_start and periods.period_end as is_policy_year
    from claims
    inner join periods
        on claims.jurisdiction = periods.jurisdiction
),

final as (
    select
        *,
        case when is_settled then paid_to_date else 0 end as settled,
        case when is_open then paid_to_date else 0 end as paid_open,
        case when is_open then greatest(estimate - paid_to_date, 0) else 0 end as outstanding,
        case
            when not is_policy_year then 0
            when is_open then greatest(estimate, paid_to_date)
            else paid_to_date
        end as policy_year_incurred
    from joined
    where loss_in_period or is_settled or is_open or is_policy_year
)

select * from final
