-- Policy-year basis (M09): premium of P(Y) earned by days up to the period's end, both ends inclusive.
-- A policy's premium is earned over its term, an endorsement's from its effective date, at the earliest the first day of cover, to
-- expiry. Once the cover is over, by expiry or surrender, all of it is earned, and nothing more (trust.md 7).
with

policies as (
    select * from {{ ref('evidence_policy') }} where is_incepted and not awaits_confirmation
),

endorsements as (
    select * from {{ ref('fct_endorsement') }} where not awaits_confirmation
),

amounts as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider,
        policy_no,
        cast(null as string) as endorsement_no,
        premium_received as amount,
        inception_date as earned_from,
        expiry_date,
        cover_end,
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
        policies.provider,
        policies.policy_no,
        endorsements.endorsement_no,
        endorsements.received_change as amount,
        greatest(endorsements.effective_date, policies.inception_date) as earned_from,
        policies.expiry_date,
        policies.cover_end,
        policies.period_end,
        endorsements.file_id,
        endorsements.sheet,
        endorsements.line_no
    from policies
    inner join endorsements
        on policies.provider = endorsements.provider
        and policies.policy_no = endorsements.policy_no
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
        provider,
        policy_no,
        endorsement_no,
        amount,
        earned_from,
        expiry_date,
        cover_end,
        period_end,
        file_id,
        sheet,
        line_no,
        case
            when earned_from > expiry_date or cover_end <= period_end then amount
            else
                {{ prorated(
                    'amount', days_inclusive('earned_from', 'period_end'), days_inclusive('earned_from', 'expiry_date')
                ) }}
        end as earned
    from amounts
)

select * from final
