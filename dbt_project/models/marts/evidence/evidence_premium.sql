-- Premium of each period, one row per amount: policies of P(Y), and endorsements effective in the
-- period on any valid policy (metrics.md, premium_received; M03). Each amount carries its policy's
-- contracted fee ratio, so that fee_contracted = sum(amount × fee_ratio).
with

policies as (
    select * from {{ ref('fct_policy') }} where is_valid
),

periods as (
    select * from {{ ref('int_period') }}
),

endorsements as (
    select * from {{ ref('fct_endorsement') }}
),

amounts as (
    select
        policy_no,
        cast(null as string) as endorsement_no,
        inception_date as effective_date,
        premium_written,
        premium_received,
        file_id,
        sheet,
        line_no
    from policies

    union all

    select
        policy_no,
        endorsement_no,
        effective_date,
        premium_change as premium_written,
        received_change as premium_received,
        file_id,
        sheet,
        line_no
    from endorsements
),

final as (
    select
        periods.jurisdiction,
        periods.stat_year,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        amounts.policy_no,
        amounts.endorsement_no,
        amounts.effective_date,
        amounts.premium_written,
        amounts.premium_received,
        policies.fee_ratio,
        cast(cast(amounts.premium_received as decimal(24, 2)) * policies.fee_ratio as decimal(24, 8)) as fee_contracted,
        amounts.file_id,
        amounts.sheet,
        amounts.line_no
    from amounts
    inner join policies
        on amounts.policy_no = policies.policy_no
    inner join periods
        on policies.jurisdiction = periods.jurisdiction
        and amounts.effective_date between periods.period_start and periods.period_end
)

select * from final
