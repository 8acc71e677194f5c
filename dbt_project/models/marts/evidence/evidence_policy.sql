-- Each valid policy in each period it touches: is it of P(Y) (incepted), of F(e) (in force at the end)?
with

policies as (
    select * from {{ ref('fct_policy') }} where is_valid
),

periods as (
    select * from {{ ref('int_period') }}
),

final as (
    select
        periods.jurisdiction,
        periods.stat_year,
        periods.period_end,
        policies.provider,
        policies.policy_no,
        policies.insured_uscc,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.inception_date,
        policies.expiry_date,
        policies.cover_end,
        policies.premium_received,
        policies.commission,
        policies.limit_per_person,
        policies.insured_persons,
        policies.service_frequency,
        policies.awaits_confirmation,
        policies.inception_date >= periods.period_start as is_incepted,
        policies.cover_end >= periods.period_end as is_in_force,
        policies.cover_end >= policies.inception_date as is_in_force_any_day,
        policies.file_id,
        policies.sheet,
        policies.line_no
    from policies
    inner join periods
        on policies.jurisdiction = periods.jurisdiction
        and policies.inception_date <= periods.period_end
        and greatest(policies.cover_end, policies.inception_date) >= periods.period_start
)

select * from final
