{{ config(materialized='table') }}
-- Every metric per insurer, and ALL for the whole market of a jurisdiction, and what its scores need beside: insurer_metrics.
-- Premium, its contracted fee and claim amounts are split among co-insurers (M21); units, policies' terms and
-- services belong to the insurer that issued the policy or gave the service, ledger entries to the one that
-- booked them.
with

grid as (
    select
        periods.jurisdiction,
        periods.stat_year,
        periods.period_end,
        periods.as_of,
        insurers.insurer_code,
        insurers.name as insurer_name
    from {{ ref('int_period') }} as periods
    inner join (
        select jurisdiction, insurer_code from {{ ref('ref_provider') }} where kind = 'insurer'
        union
        select jurisdiction, insurer_code from {{ ref('evidence_insurer_premium') }}
    ) as present
        on periods.jurisdiction = present.jurisdiction
    inner join {{ ref('ref_insurer') }} as insurers
        on present.insurer_code = insurers.insurer_code

    union all

    select
        jurisdiction,
        stat_year,
        period_end,
        as_of,
        'ALL' as insurer_code,
        '全部机构' as insurer_name
    from {{ ref('int_period') }}
),

premium as (
    select
        {{ insurer_columns() }},
        count(distinct case when endorsement_no is null then {{ policy_key('provider') }} end) as policies,
        sum(premium_written) as premium_written,
        sum(premium_received) as premium_received,
        sum(fee_contracted) as fee_contracted,
        sum(case when is_shared then premium_received else 0 end) as pool_premium_received
    from {{ ref('evidence_insurer_premium') }}
    group by {{ insurer_groups() }}
),

market as (
    select
        jurisdiction,
        stat_year,
        premium_received as market_premium,
        pool_premium_received as market_pool_premium
    from premium
    where cell_insurer = 'ALL'
),

claims as (
    select
        {{ insurer_columns() }},
        sum(settled) as claims_settled,
        sum(paid_open) as claims_paid_open,
        sum(outstanding) as claims_outstanding
    from {{ ref('evidence_insurer_claim') }}
    group by {{ insurer_groups() }}
),

-- Paid, closed, and nobody says when: such a payment was not in time in any score.
undated as (
    select
        {{ insurer_columns() }},
        count(*) as payments_undated
    from (
        select
            jurisdiction,
            {{ year_of('close_date') }} as stat_year,
            insurer_code
        from {{ ref('fct_claim') }}
        where has_valid_policy and status <> '销案' and close_date is not null and paid_to_date > 0 and paid_date is null
    ) as closed
    group by {{ insurer_groups() }}
),

clocks as (
    select
        {{ insurer_columns() }},
        sum(case when step = '核定' then 1 else 0 end) as decision_clocks,
        sum(case when step = '核定' and is_on_time then 1 else 0 end) as decisions_on_time,
        sum(case when step = '支付' then 1 else 0 end) as payment_clocks,
        sum(case when step = '支付' and is_on_time then 1 else 0 end) as payments_on_time
    from {{ ref('evidence_claim_clock') }}
    group by {{ insurer_groups() }}
),

fees as (
    select
        {{ insurer_columns() }},
        sum(provided) as fee_provided,
        sum(spent) as fee_spent,
        sum(spent_unproven) as fee_spent_unproven
    from {{ ref('evidence_fee') }}
    group by {{ insurer_groups() }}
),

known as (
    {{ policies_and_services() }}
),

known_units as (
    select
        {{ insurer_columns() }},
        max(incepted) as incepted,
        max(in_force) as in_force,
        max(serviced) as serviced
    from known
    group by {{ insurer_groups(['insured_uscc']) }}
),

units as (
    select
        jurisdiction,
        stat_year,
        cell_insurer,
        sum(incepted) as insured_units,
        sum(in_force) as insured_units_in_force,
        sum(serviced * in_force) as serviced_units_in_force
    from known_units
    group by jurisdiction, stat_year, cell_insurer
),

services as (
    select
        {{ insurer_columns() }},
        count(*) as services,
        sum(case when item = 'hazard_check' then 1 else 0 end) as hazard_checks,
        sum(coalesce(hazards_found, 0)) as hazards_found,
        sum(coalesce(satisfaction, 0)) as satisfaction_points,
        count(satisfaction) as satisfaction_answers
    from {{ ref('evidence_service') }}
    group by {{ insurer_groups() }}
),

fulfilment as (
    select
        {{ insurer_columns() }},
        sum(contracted) as contracted_visits,
        sum(fulfilled) as fulfilled_visits,
        sum(breach_visits) as breach_visits
    from {{ ref('evidence_fulfilment') }}
    group by {{ insurer_groups() }}
),

hazards as (
    select
        {{ insurer_columns() }},
        count(*) as hazards_reported,
        sum(case when is_due then 1 else 0 end) as hazards_due,
        sum(case when is_due and is_closed then 1 else 0 end) as hazards_closed,
        sum(case when grade = '重大' and is_due then 1 else 0 end) as major_hazards_due,
        sum(case when grade = '重大' and is_due and is_closed then 1 else 0 end) as major_hazards_closed
    from {{ ref('evidence_hazard') }}
    group by {{ insurer_groups() }}
),

complaints as (
    select
        {{ insurer_columns() }},
        count(*) as complaints,
        sum(case when is_substantiated then 1 else 0 end) as complaints_substantiated,
        count(is_on_time) as complaint_clocks,
        sum(case when is_on_time then 1 else 0 end) as complaints_on_time
    from {{ ref('evidence_complaint_clock') }}
    where insurer_code is not null
    group by {{ insurer_groups() }}
),

capacities as (
    select
        jurisdiction,
        stat_year,
        insurer_code as cell_insurer,
        capacity_met,
        capacity_asked
    from {{ ref('insurer_capacity') }}
    where is_reported
),

-- Rows weigh; a month in which something was due weighs at least as much as the sender's mean month, so that silence is not without
-- weight (trust.md 4).
weighed as (
    select
        provider,
        month,
        score,
        case
            when periods_due > 0 then greatest(rows_in, coalesce(cast(ceil(avg(nullif(rows_in, 0)) over (
                partition by provider, {{ year_of('month') }}
            )) as bigint), 1))
            else rows_in
        end as weight
    from {{ ref('provider_scorecard') }}
),

scores as (
    select
        providers.jurisdiction,
        {{ year_of('scorecard.month') }} as stat_year,
        case when grouping(providers.insurer_code) = 1 then 'ALL' else providers.insurer_code end as cell_insurer,
        round({{ ratio('sum(' ~ exact('scorecard.score * scorecard.weight') ~ ')', 'sum(scorecard.weight)') }}, 9) as data_quality_score
    from weighed as scorecard
    inner join {{ ref('ref_provider') }} as providers
        on scorecard.provider = providers.provider
    where providers.kind = 'insurer'
    group by grouping sets (
        (providers.jurisdiction, {{ year_of('scorecard.month') }}, providers.insurer_code),
        (providers.jurisdiction, {{ year_of('scorecard.month') }})
    )
),

found as (
    select
        jurisdiction,
        stat_year,
        case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as cell_insurer,
        count(*) as findings,
        sum(case when severity = '高' then 1 else 0 end) as findings_high
    from (
        select
            jurisdiction,
            {{ year_of('found_on') }} as stat_year,
            insurer_code,
            severity
        from {{ ref('findings') }}
        where insurer_code is not null
    ) as dated
    group by {{ insurer_groups() }}
),

-- What is stored, to the cent: a ratio is that of its stored parts, exactly (trust.md 1).
summed as (
    select
        grid.jurisdiction,
        grid.stat_year,
        grid.period_end,
        grid.as_of,
        grid.insurer_code,
        grid.insurer_name,
        cast(coalesce(premium.policies, 0) as bigint) as policies,
        {{ yuan('coalesce(premium.premium_written, 0)') }} as premium_written,
        {{ yuan('coalesce(premium.premium_received, 0)') }} as premium_received,
        {{ yuan('coalesce(market.market_premium, 0)') }} as market_premium,
        {{ yuan('coalesce(premium.pool_premium_received, 0)') }} as pool_premium_received,
        {{ yuan('coalesce(market.market_pool_premium, 0)') }} as market_pool_premium,
        {{ yuan('coalesce(claims.claims_settled, 0)') }} as claims_settled,
        {{ yuan('coalesce(claims.claims_paid_open, 0)') }} as claims_paid_open,
        {{ yuan('coalesce(claims.claims_outstanding, 0)') }} as claims_outstanding,
        {{ yuan('coalesce(premium.fee_contracted, 0)') }} as fee_contracted,
        {{ yuan('coalesce(fees.fee_provided, 0)') }} as fee_provided,
        {{ yuan('coalesce(fees.fee_spent, 0)') }} as fee_spent,
        {{ yuan('coalesce(fees.fee_spent_unproven, 0)') }} as fee_spent_unproven,
        cast(coalesce(units.insured_units, 0) as bigint) as insured_units,
        cast(coalesce(units.insured_units_in_force, 0) as bigint) as insured_units_in_force,
        cast(coalesce(units.serviced_units_in_force, 0) as bigint) as serviced_units_in_force,
        cast(coalesce(services.services, 0) as bigint) as services,
        cast(coalesce(services.hazards_found, 0) as bigint) as hazards_found,
        cast(coalesce(services.satisfaction_points, 0) as bigint) as satisfaction_points,
        cast(coalesce(services.satisfaction_answers, 0) as bigint) as satisfaction_answers,
        cast(coalesce(fulfilment.contracted_visits, 0) as decimal(24, 6)) as contracted_visits,
        cast(coalesce(fulfilment.fulfilled_visits, 0) as decimal(24, 6)) as fulfilled_visits,
        cast(coalesce(fulfilment.breach_visits, 0) as decimal(24, 6)) as breach_visits,
        cast(coalesce(services.hazard_checks, 0) as bigint) as hazard_checks,
        cast(coalesce(hazards.hazards_reported, 0) as bigint) as hazards_reported,
        cast(coalesce(hazards.hazards_due, 0) as bigint) as hazards_due,
        cast(coalesce(hazards.hazards_closed, 0) as bigint) as hazards_closed,
        cast(coalesce(hazards.major_hazards_due, 0) as bigint) as major_hazards_due,
        cast(coalesce(hazards.major_hazards_closed, 0) as bigint) as major_hazards_closed,
        cast(coalesce(clocks.decision_clocks, 0) as bigint) as decision_clocks,
        cast(coalesce(clocks.decisions_on_time, 0) as bigint) as decisions_on_time,
        cast(coalesce(clocks.payment_clocks, 0) as bigint) as payment_clocks,
        cast(coalesce(clocks.payments_on_time, 0) as bigint) as payments_on_time,
        cast(coalesce(undated.payments_undated, 0) as bigint) as payments_undated,
        cast(coalesce(complaints.complaints, 0) as bigint) as complaints,
        cast(coalesce(complaints.complaints_substantiated, 0) as bigint) as complaints_substantiated,
        cast(coalesce(complaints.complaint_clocks, 0) as bigint) as complaint_clocks,
        cast(coalesce(complaints.complaints_on_time, 0) as bigint) as complaints_on_time,
        scores.data_quality_score,
        cast(coalesce(capacities.capacity_met, 0) as bigint) as capacity_met,
        cast(coalesce(capacities.capacity_asked, 0) as bigint) as capacity_asked,
        cast(coalesce(found.findings, 0) as bigint) as findings,
        cast(coalesce(found.findings_high, 0) as bigint) as findings_high
    from grid
    left join market
        on grid.jurisdiction = market.jurisdiction
        and grid.stat_year = market.stat_year
    {%- for part in ['premium', 'claims', 'undated', 'clocks', 'fees', 'units', 'services', 'fulfilment', 'hazards', 'complaints', 'scores', 'capacities', 'found'] %}
    {{ join_insurer(part, part) }}
    {%- endfor %}
),

measured as (
    select
        jurisdiction,
        stat_year,
        period_end,
        as_of,
        insurer_code,
        insurer_name,
        policies,
        premium_written,
        premium_received,
        market_premium,
        {{ ratio('premium_received', 'market_premium') }} as market_share,
        pool_premium_received,
        market_pool_premium,
        {{ ratio('pool_premium_received', 'market_pool_premium') }} as pool_share,
        claims_settled,
        claims_paid_open,
        claims_outstanding,
        {{ ratio('(claims_settled + claims_paid_open + claims_outstanding)', 'premium_received') }} as simple_loss_ratio,
        {{ ratio('(claims_settled + claims_paid_open)', 'premium_received') }} as simple_loss_ratio_paid,
        fee_contracted,
        fee_provided,
        fee_spent,
        fee_spent_unproven,
        {{ ratio('fee_provided', 'premium_received') }} as prevention_fee_share,
        {{ ratio('fee_contracted', 'premium_received') }} as contracted_fee_share,
        {{ ratio('fee_spent', 'premium_received') }} as spent_fee_share,
        {{ ratio('fee_spent', 'fee_provided') }} as fee_use_rate,
        insured_units,
        insured_units_in_force,
        serviced_units_in_force,
        {{ ratio('serviced_units_in_force', 'insured_units_in_force') }} as service_coverage,
        services,
        hazards_found,
        satisfaction_points,
        satisfaction_answers,
        {{ ratio('satisfaction_points', 'satisfaction_answers') }} as satisfaction,
        contracted_visits,
        fulfilled_visits,
        {{ ratio('fulfilled_visits', 'contracted_visits') }} as contract_fulfilment,
        breach_visits,
        hazard_checks,
        hazards_reported,
        hazards_due,
        hazards_closed,
        {{ ratio('hazards_closed', 'hazards_due') }} as hazard_closure_rate,
        major_hazards_due,
        major_hazards_closed,
        {{ ratio('major_hazards_closed', 'major_hazards_due') }} as major_hazard_closure_rate,
        decision_clocks,
        decisions_on_time,
        {{ ratio('decisions_on_time', 'decision_clocks') }} as decision_on_time_rate,
        payment_clocks,
        payments_on_time,
        {{ ratio('payments_on_time', 'payment_clocks') }} as payment_on_time_rate,
        payments_undated,
        complaints,
        complaints_substantiated,
        complaint_clocks,
        complaints_on_time,
        {{ ratio('complaints_on_time', 'complaint_clocks') }} as complaint_on_time_rate,
        data_quality_score,
        capacity_met,
        capacity_asked,
        {{ ratio('satisfaction_points', '(5 * satisfaction_answers)') }} as satisfaction_share,
        findings,
        findings_high
    from summed
)

select * from measured
