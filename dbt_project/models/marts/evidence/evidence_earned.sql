-- Policy-year basis (M09): premium of P(Y) earned by days up to the period's end, both ends inclusive.
-- A policy's premium is earned over its term; an endorsement's from its effective date to expiry.
with

policies as (
    select * from {{ ref('evidence_policy') }} where is_incepted
),

endorsements as (
    select * from {{ ref('fct_endorsement') }}
),

amounts as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        policy_no,
        cast(null as string) as endorsement_no,
        premium_received as amount,
        inception_date as earned_from,
        expiry_date,
        period_end,
        file_id,
        sheet,
        line_no
    from policies

    union all

    select
        policies.jurisdiction,
        policies.stat_year,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.policy_no,
        endorsements.endorsement_no,
        endorsements.received_change as amount,
        endorsements.effective_date as earned_from,
        policies.expiry_date,
        policies.period_end,
        endorsements.file_id,
        endorsements.sheet,
        endorsements.line_no
    from policies
    inner join endorsements
        on policies.policy_no = endorsements.policy_no
    where endorsements.effective_date <= policies.period_end
),

final as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        policy_no,
        endorsement_no,
        amount,
        earned_from,
        expiry_date,
        period_end,
        file_id,
        sheet,
        line_no,
        case
            when earned_from > expiry_date then amount
            else
                {{ prorated(
                    'amount', days_inclusive('earned_from', 'least(expiry_date, period_end)'), days_inclusive('earned_from', 'expiry_date')
                ) }}
        end as earned
    from amounts
)

select * from final
