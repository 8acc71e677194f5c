-- 合同履约 (M35): completed visits and visits due in each period of each policy in force in it, whenever it began: the contract
-- pro-rated to the days of cover in the period (after a surrender nothing more is owed), completed visits capped at it, so that nobody
-- makes up for another. Of policies that began in the period also the whole term's visits, not pro-rated; of those whose cover ended in
-- it what was owed and done over all its days.
-- A contract that agrees no visits promises nothing and is in breach (trust.md 4, Scores): breach_visits are what rule
-- least_visits_agreed would have it agree.
with

policies as (
    select * from {{ ref('evidence_policy') }} where is_in_force_any_day
),

periods as (
    select * from {{ ref('int_period') }}
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

delivered as (
    select * from {{ ref('contract_delivery') }}
),

counted as (
    select
        policies.*,
        coalesce(visits.completed, 0) as completed,
        cast({{ days_inclusive(
            'greatest(policies.inception_date, periods.period_start)', 'least(policies.cover_end, policies.period_end)'
        ) }} as double)
        / {{ days_inclusive('policies.inception_date', 'policies.expiry_date') }} as share_of_term,
        delivered.owed_visits,
        delivered.completed_visits,
        delivered.policy_no is not null as has_ended,
        {{ rule_value('least_visits_agreed', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }} as least_visits
    from policies
    inner join periods
        on policies.jurisdiction = periods.jurisdiction
        and policies.stat_year = periods.stat_year
    left join visits
        on policies.provider = visits.policy_provider
        and policies.policy_no = visits.policy_no
        and policies.stat_year = visits.stat_year
    left join delivered
        on policies.provider = delivered.provider
        and policies.policy_no = delivered.policy_no
        and policies.stat_year = delivered.stat_year
),

due as (
    select
        *,
        cast(cast(service_frequency as double) * share_of_term as decimal(18, 6)) as contracted,
        cast(
            case when coalesce(service_frequency, 0) = 0 then cast(least_visits as double) * share_of_term else 0 end
            as decimal(18, 6)
        ) as breach_visits
    from counted
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
        breach_visits,
        service_frequency,
        least(cast(completed as decimal(18, 6)), contracted) as fulfilled,
        case when is_incepted then coalesce(service_frequency, 0) else 0 end as contracted_full_term,
        case when is_incepted then least(completed, coalesce(service_frequency, 0)) else 0 end as fulfilled_full_term,
        case when has_ended then owed_visits else 0 end as owed_at_end,
        case when has_ended then least(completed_visits, owed_visits) else 0 end as fulfilled_at_end,
        file_id,
        sheet,
        line_no
    from due
)

select * from final
