-- Premium of each period, one row per amount: policies of P(Y), and endorsements effective in the
-- period on any valid policy (metrics.md, premium_received; M03). Each amount carries its policy's
-- contracted fee ratio, so that fee_contracted = sum(amount × fee_ratio).
with

policies as (
    select * from {{ ref('fct_policy') }} where is_valid and not awaits_confirmation
),

periods as (
    select * from {{ ref('int_period') }}
),

endorsements as (
    select * from {{ ref('fct_endorsement') }} where not awaits_confirmation
),

-- A policy's own premium needs no join: with every policy held to be joined with itself, a large build spills to disk.
amounts as (
    select
        jurisdiction,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider,
        policy_no,
        cast(null as string) as endorsement_no,
        inception_date as effective_date,
        premium_written,
        premium_received,
        fee_ratio,
        file_id,
        sheet,
        line_no
    from policies

    union all

    select
        policies.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.provider,
        policies.policy_no,
        endorsements.endorsement_no,
        endorsements.effective_date,
        endorsements.premium_change as premium_written,
        endorsements.received_change as premium_received,
        policies.fee_ratio,
        endorsements.file_id,
        endorsements.sheet,
        endorsements.line_no
    from endorsements
    inner join policies
        on endorsements.provider = policies.provider
        and endorsements.policy_no = policies.policy_no
),

final as (
    select
        periods.jurisdiction,
        periods.stat_year,
        amounts.district_code,
        amounts.industry_code,
        amounts.insurer_code,
        amounts.insured_uscc,
        amounts.provider,
        amounts.policy_no,
        amounts.endorsement_no,
        amounts.effective_date,
        amounts.premium_written,
        amounts.premium_received,
        amounts.fee_ratio,
        cast({{ share_of('amounts.premium_received', 'amounts.fee_ratio') }} as decimal(24, 8)) as fee_contracted,
        amounts.file_id,
        amounts.sheet,
        amounts.line_no
    from amounts
    inner join periods
        on amounts.jurisdiction = periods.jurisdiction
        and amounts.effective_date between periods.period_start and periods.period_end
)

select * from final
