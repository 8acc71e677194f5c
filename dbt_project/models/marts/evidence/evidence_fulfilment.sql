-- 合同履约 (M35): completed and contracted visits of each policy of P(Y), the contract pro-rated to the
-- elapsed part of its cover (after a surrender nothing more is owed) and completed visits capped at it, so that nobody makes up for another.
with

policies as (
    select * from {{ ref('evidence_policy') }} where is_incepted
),

visits as (
    select
        policy_provider,
        policy_no,
        stat_year,
        count(*) as completed
    from {{ ref('evidence_service') }}
    group by policy_provider, policy_no, stat_year
),

counted as (
    select
        policies.*,
        coalesce(visits.completed, 0) as completed,
        cast(
            cast(policies.service_frequency as double)
            * greatest({{ days_inclusive('policies.inception_date', 'least(policies.cover_end, policies.period_end)') }}, 0)
            / {{ days_inclusive('policies.inception_date', 'policies.expiry_date') }}
            as decimal(18, 6)
        ) as contracted
    from policies
    left join visits
        on policies.provider = visits.policy_provider
        and policies.policy_no = visits.policy_no
        and policies.stat_year = visits.stat_year
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
        completed,
        contracted,
        service_frequency as contracted_full_term,
        least(cast(completed as decimal(18, 6)), contracted) as fulfilled,
        least(completed, service_frequency) as fulfilled_full_term,
        file_id,
        sheet,
        line_no
    from counted
)

select * from final
