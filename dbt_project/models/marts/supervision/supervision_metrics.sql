-- Every metric per jurisdiction, year, district and industry, totals (ALL) included.
-- Numerators and denominators exist as rows in int_* and are only counted here (metrics.md).
with

cells as (
    select * from {{ ref('int_cell') }}
),

final as (
    select
        cells.jurisdiction,
        cells.stat_year,
        cells.period_start,
        cells.period_end,
        cells.as_of,
        dates.data_since,
        cells.district_code,
        cells.district_name,
        cells.industry_code,
        cells.industry_name,
        cast(coalesce(participation.required_units, 0) as bigint) as required_units,
        cast(coalesce(participation.insured_required_units, 0) as bigint) as insured_required_units,
        {{ ratio('participation.insured_required_units', 'participation.required_units') }} as participation_rate,
        cast(coalesce(participation.pending_units, 0) as bigint) as pending_units,
        {{ ratio('(participation.insured_required_units + participation.pending_units)', 'participation.required_units') }} as participation_rate_high,
        cast(coalesce(exempt.exempt_units, 0) as bigint) as exempt_units,
        cast(coalesce(units.insured_units, 0) as bigint) as insured_units,
        cast(coalesce(units.insured_units_in_force, 0) as bigint) as insured_units_in_force,
        cast(coalesce(units.insured_units_any_day, 0) as bigint) as insured_units_any_day,
        cast(coalesce(cumulative.insured_units_cumulative, 0) as bigint) as insured_units_cumulative,
        cast(coalesce(premium.policies, 0) as bigint) as policies,
        {{ yuan('coalesce(premium.premium_written, 0)') }} as premium_written,
        {{ yuan('coalesce(premium.premium_received, 0)') }} as premium_received,
        cast(coalesce(claims.policies_with_claims, 0) as bigint) as policies_with_claims,
        cast(coalesce(claims.policies_with_claims_incepted, 0) as bigint) as policies_with_claims_incepted,
        {{ yuan('coalesce(claims.claims_settled, 0)') }} as claims_settled,
        {{ yuan('coalesce(claims.claims_paid_open, 0)') }} as claims_paid_open,
        {{ yuan('coalesce(claims.claims_outstanding, 0)') }} as claims_outstanding,
        {{ ratio('(coalesce(claims.claims_settled, 0) + coalesce(claims.claims_paid_open, 0) + coalesce(claims.claims_outstanding, 0))', 'premium.premium_received') }} as simple_loss_ratio,
        {{ ratio('(coalesce(claims.claims_settled, 0) + coalesce(claims.claims_paid_open, 0))', 'premium.premium_received') }} as simple_loss_ratio_paid,
        {{ yuan('coalesce(earned.earned_premium, 0)') }} as earned_premium,
        {{ yuan('coalesce(claims.policy_year_incurred, 0)') }} as policy_year_incurred,
        {{ ratio('coalesce(claims.policy_year_incurred, 0)', 'earned.earned_premium') }} as earned_loss_ratio,
        {{ yuan('coalesce(premium.fee_contracted, 0)') }} as fee_contracted,
        {{ yuan('coalesce(fees.fee_provided, 0)') }} as fee_provided,
        {{ yuan('coalesce(fees.fee_unallocated, 0)') }} as fee_unallocated,
        {{ yuan('coalesce(fees.fee_spent, 0)') }} as fee_spent,
        {{ yuan('coalesce(fees.fee_spent_unproven, 0)') }} as fee_spent_unproven,
        {{ ratio('coalesce(fees.fee_provided, 0)', 'premium.premium_received') }} as prevention_fee_share,
        {{ ratio('premium.fee_contracted', 'premium.premium_received') }} as contracted_fee_share,
        {{ ratio('coalesce(fees.fee_spent, 0)', 'premium.premium_received') }} as spent_fee_share,
        {{ ratio('fees.fee_spent', 'fees.fee_provided') }} as fee_use_rate,
        cast(coalesce(units.serviced_units_in_force, 0) as bigint) as serviced_units_in_force,
        {{ ratio('units.serviced_units_in_force', 'units.insured_units_in_force') }} as service_coverage,
        cast(coalesce(units.serviced_units_onsite, 0) as bigint) as serviced_units_onsite,
        {{ ratio('units.serviced_units_onsite', 'units.insured_units_in_force') }} as service_coverage_onsite,
        cast(coalesce(units.serviced_units_incepted, 0) as bigint) as serviced_units_incepted,
        {{ ratio('units.serviced_units_incepted', 'units.insured_units') }} as service_coverage_incepted,
        cast(coalesce(units.serviced_units_any_day, 0) as bigint) as serviced_units_any_day,
        {{ ratio('units.serviced_units_any_day', 'units.insured_units_any_day') }} as service_coverage_any_day,
        cast(coalesce(services.services, 0) as bigint) as services,
        cast(coalesce(units.serviced_units, 0) as bigint) as serviced_units,
        cast(coalesce(services.services_online, 0) as bigint) as services_online,
        cast(coalesce(services.services_onsite, 0) as bigint) as services_onsite,
        cast(coalesce(services.services_own_staff, 0) as bigint) as services_own_staff,
        cast(coalesce(services.services_hired_experts, 0) as bigint) as services_hired_experts,
        cast(coalesce(services.services_entrusted, 0) as bigint) as services_entrusted,
        cast(coalesce(services.services_training, 0) as bigint) as services_training,
        cast(coalesce(services.services_risk_assessment, 0) as bigint) as services_risk_assessment,
        cast(coalesce(services.services_standardisation, 0) as bigint) as services_standardisation,
        cast(coalesce(services.services_hazard_check, 0) as bigint) as services_hazard_check,
        cast(coalesce(services.services_emergency, 0) as bigint) as services_emergency,
        cast(coalesce(services.services_technology, 0) as bigint) as services_technology,
        cast(coalesce(services.services_other, 0) as bigint) as services_other,
        cast(coalesce(services.hazards_found, 0) as bigint) as hazards_found,
        cast(coalesce(services.participants, 0) as bigint) as participants,
        cast(coalesce(services.satisfaction_answers, 0) as bigint) as satisfaction_answers,
        cast(coalesce(services.satisfaction_points, 0) as bigint) as satisfaction_points,
        {{ ratio('services.satisfaction_points', 'services.satisfaction_answers') }} as satisfaction,
        cast(coalesce(hazards.hazards_recorded, 0) as bigint) as hazards_recorded,
        cast(coalesce(hazards.hazards_due, 0) as bigint) as hazards_due,
        cast(coalesce(hazards.hazards_closed, 0) as bigint) as hazards_closed,
        {{ ratio('hazards.hazards_closed', 'hazards.hazards_due') }} as hazard_closure_rate,
        cast(coalesce(hazards.hazards_overdue, 0) as bigint) as hazards_overdue,
        cast(coalesce(hazards.major_hazards_recorded, 0) as bigint) as major_hazards_recorded,
        cast(coalesce(hazards.major_hazards_due, 0) as bigint) as major_hazards_due,
        cast(coalesce(hazards.major_hazards_closed, 0) as bigint) as major_hazards_closed,
        {{ ratio('hazards.major_hazards_closed', 'hazards.major_hazards_due') }} as major_hazard_closure_rate,
        cast(coalesce(hazards.major_hazards_overdue, 0) as bigint) as major_hazards_overdue,
        cast(coalesce(hazards.major_hazards_refused, 0) as bigint) as major_hazards_refused,
        cast(coalesce(hazards.refusals_reported, 0) as bigint) as refusals_reported,
        cast(coalesce(fulfilment.contracted_visits, 0) as decimal(24, 6)) as contracted_visits,
        cast(coalesce(fulfilment.fulfilled_visits, 0) as decimal(24, 6)) as fulfilled_visits,
        {{ ratio('fulfilment.fulfilled_visits', 'fulfilment.contracted_visits') }} as contract_fulfilment,
        cast(coalesce(fulfilment.contracted_visits_full_term, 0) as bigint) as contracted_visits_full_term,
        cast(coalesce(fulfilment.fulfilled_visits_full_term, 0) as bigint) as fulfilled_visits_full_term,
        {{ ratio('fulfilment.fulfilled_visits_full_term', 'fulfilment.contracted_visits_full_term') }} as contract_fulfilment_full_term,
        cast(coalesce(fulfilment.contracted_visits_ended, 0) as bigint) as contracted_visits_ended,
        cast(coalesce(fulfilment.fulfilled_visits_ended, 0) as bigint) as fulfilled_visits_ended,
        {{ ratio('fulfilment.fulfilled_visits_ended', 'fulfilment.contracted_visits_ended') }} as contract_fulfilment_ended,
        cast(coalesce(market.insurers, 0) as bigint) as insurers,
        market.hhi,
        market.cr3,
        cast(coalesce(compliance.limit_floor_policies, 0) as bigint) as limit_floor_policies,
        cast(coalesce(compliance.limit_floor_met, 0) as bigint) as limit_floor_met,
        {{ ratio('compliance.limit_floor_met', 'compliance.limit_floor_policies') }} as limit_floor_rate,
        cast(coalesce(compliance.commission_policies, 0) as bigint) as commission_policies,
        cast(coalesce(compliance.commission_met, 0) as bigint) as commission_met,
        {{ ratio('compliance.commission_met', 'compliance.commission_policies') }} as commission_rate_ok,
        cast(coalesce(participation.staffed_units, 0) as bigint) as staffed_units,
        cast(coalesce(participation.full_staff_units, 0) as bigint) as full_staff_units,
        {{ ratio('participation.full_staff_units', 'participation.staffed_units') }} as full_staff_rate
    from cells
    inner join {{ ref('data_date') }} as dates
        on cells.jurisdiction = dates.jurisdiction
    {{ join_cell(ref('int_cell_participation'), 'participation') }}
    {{ join_cell(ref('int_cell_exempt'), 'exempt') }}
    {{ join_cell(ref('int_cell_units'), 'units') }}
    {{ join_cell(ref('int_cell_cumulative'), 'cumulative') }}
    {{ join_cell(ref('int_cell_premium'), 'premium') }}
    {{ join_cell(ref('int_cell_earned'), 'earned') }}
    {{ join_cell(ref('int_cell_claim'), 'claims') }}
    {{ join_cell(ref('int_cell_service'), 'services') }}
    {{ join_cell(ref('int_cell_fee'), 'fees') }}
    {{ join_cell(ref('int_cell_hazard'), 'hazards') }}
    {{ join_cell(ref('int_cell_fulfilment'), 'fulfilment') }}
    {{ join_cell(ref('int_cell_compliance'), 'compliance') }}
    {{ join_cell(ref('int_cell_market'), 'market') }}
)

select * from final
