-- Every metric per insurer, and ALL for the whole market of a jurisdiction, with the evaluation of each (服务成效评估).
-- Premium, its contracted fee and claim amounts are split among co-insurers (M21); units, policies' terms and
-- services belong to the insurer that issued the policy or gave the service, ledger entries to the one that
-- booked them. Metrics: int_insurer_year; what the scores are made of: score_parts.
with

metrics as (
    select
        measured.*,
        {{ rule_value('evaluation_deduction_per_finding', 'measured.period_end', 'measured.jurisdiction') }} as points_per_finding,
        {{ rule_value('evaluation_deduction_max', 'measured.period_end', 'measured.jurisdiction') }} as most_points
    from {{ ref('int_insurer_year') }} as measured
),

deducted as (
    select
        *,
        case
            when policies > 0
                then cast(round(least(100.0 * findings_high / policies * points_per_finding, most_points), 2) as double)
        end as evaluation_deduction
    from metrics
),

final as (
    select
        deducted.jurisdiction,
        deducted.stat_year,
        deducted.period_end,
        deducted.as_of,
        deducted.insurer_code,
        deducted.insurer_name,
        deducted.policies,
        deducted.premium_written,
        deducted.premium_received,
        deducted.market_premium,
        deducted.market_share,
        deducted.pool_premium_received,
        deducted.market_pool_premium,
        deducted.pool_share,
        deducted.claims_settled,
        deducted.claims_paid_open,
        deducted.claims_outstanding,
        deducted.simple_loss_ratio,
        deducted.simple_loss_ratio_paid,
        deducted.fee_contracted,
        deducted.fee_provided,
        deducted.fee_spent,
        deducted.fee_spent_unproven,
        deducted.prevention_fee_share,
        deducted.contracted_fee_share,
        deducted.spent_fee_share,
        deducted.fee_use_rate,
        deducted.insured_units,
        deducted.insured_units_in_force,
        deducted.serviced_units_in_force,
        deducted.service_coverage,
        deducted.services,
        deducted.hazards_found,
        deducted.satisfaction_points,
        deducted.satisfaction_answers,
        deducted.satisfaction,
        deducted.contracted_visits,
        deducted.fulfilled_visits,
        deducted.contract_fulfilment,
        deducted.hazards_due,
        deducted.hazards_closed,
        deducted.hazard_closure_rate,
        deducted.major_hazards_due,
        deducted.major_hazards_closed,
        deducted.major_hazard_closure_rate,
        deducted.decision_clocks,
        deducted.decisions_on_time,
        deducted.decision_on_time_rate,
        deducted.payment_clocks,
        deducted.payments_on_time,
        deducted.payment_on_time_rate,
        deducted.complaints,
        deducted.complaints_substantiated,
        deducted.complaint_clocks,
        deducted.complaints_on_time,
        deducted.complaint_on_time_rate,
        deducted.data_quality_score,
        deducted.satisfaction_share,
        deducted.findings,
        deducted.findings_high,
        scores.score as evaluation_base,
        deducted.evaluation_deduction,
        case when scores.score is not null then greatest(round(scores.score - coalesce(deducted.evaluation_deduction, 0), 2), 0) end as evaluation_score,
        coalesce(scores.is_small, false) as is_small_sample,
        scores.parts_missing
    from deducted
    left join {{ ref('int_score') }} as scores
        on deducted.jurisdiction = scores.jurisdiction
        and deducted.stat_year = scores.stat_year
        and deducted.insurer_code = scores.target_code
        and scores.score_code = 'insurer'
)

select * from final
