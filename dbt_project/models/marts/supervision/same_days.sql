-- 同期比较: the headline figures of this year so far beside those of the same days of the year before, per district and industry, so that
-- a part of a year is never held against a whole one (trust.md 3). Of the year so far they are those of supervision_metrics.
with

parts as (
    select * from {{ ref('int_part_period') }}
),

-- The same under names that no counted row has.
bounds as (
    select
        jurisdiction as city,
        stat_year as part_year,
        basis,
        part_start,
        part_end
    from parts
),

cover as (
    select
        policies.*,
        parts.basis
    from {{ ref('evidence_policy') }} as policies
    inner join parts
        on policies.jurisdiction = parts.jurisdiction
        and policies.stat_year = parts.stat_year
        and parts.part_end between policies.inception_date and policies.cover_end
),

insured as (
    select distinct
        stat_year,
        basis,
        insured_uscc,
        industry_code
    from cover
),

duties as (
    select
        parts.jurisdiction,
        parts.stat_year,
        parts.basis,
        fields.industry_code,
        {{ is_mandatory('parts.part_end', 'parts.jurisdiction', 'fields.industry_code') }} as is_mandatory
    from parts
    inner join (select distinct jurisdiction, industry_code from {{ ref('fct_roster') }}) as fields
        on parts.jurisdiction = fields.jurisdiction
),

unit_rows as (
    select
        roster.jurisdiction,
        parts.stat_year,
        parts.basis,
        roster.district_code,
        roster.industry_code,
        roster.uscc,
        case when insured.insured_uscc is not null then 1 else 0 end as is_insured,
        case when insured.insured_uscc is not null or pending.policy_no is not null then 1 else 0 end as may_be_insured
    from {{ ref('fct_roster') }} as roster
    inner join parts
        on roster.jurisdiction = parts.jurisdiction
        and {{ is_on_roster('roster', 'parts.part_end') }}
    inner join duties
        on roster.jurisdiction = duties.jurisdiction
        and roster.industry_code = duties.industry_code
        and parts.stat_year = duties.stat_year
        and parts.basis = duties.basis
    left join insured
        on roster.uscc = insured.insured_uscc
        and roster.industry_code = insured.industry_code
        and parts.stat_year = insured.stat_year
        and parts.basis = insured.basis
    left join {{ ref('int_pending_cover') }} as pending
        on roster.uscc = pending.insured_uscc
        and roster.industry_code = pending.industry_code
        and {{ is_pending_on('parts.part_end', 'pending') }}
    where {{ counts_as_required('roster', 'duties.is_mandatory') }}
),

units as (
    select
        {{ cell_columns() }},
        basis,
        uscc,
        min(is_insured) as is_insured,
        min(may_be_insured) as may_be_insured
    from unit_rows
    group by {{ cell_groups(['basis', 'uscc']) }}
),

participation as (
    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        basis,
        count(*) as required_units,
        sum(is_insured) as insured_required_units,
        sum(may_be_insured - is_insured) as pending_units
    from units
    group by jurisdiction, stat_year, cell_district, cell_industry, basis
),

premium as (
    select
        {{ cell_columns() }},
        bounds.basis,
        sum(case when counted.endorsement_no is null then 1 else 0 end) as policies,
        {{ yuan('sum(counted.premium_received)') }} as premium_received
    from {{ ref('evidence_premium') }} as counted
    inner join bounds
        on counted.jurisdiction = bounds.city
        and counted.stat_year = bounds.part_year
    where counted.effective_date <= bounds.part_end
    group by {{ cell_groups(['bounds.basis']) }}
),

claims as (
    select
        {{ cell_columns() }},
        bounds.basis,
        {{ yuan('sum(
            case
                when counted.close_date between bounds.part_start and bounds.part_end then counted.paid_to_date
                when counted.report_date <= bounds.part_end and (counted.close_date is null or counted.close_date > bounds.part_end)
                    then greatest(counted.estimate, counted.paid_to_date)
                else 0
            end
        )') }} as claims_incurred
    from {{ ref('evidence_claim') }} as counted
    inner join bounds
        on counted.jurisdiction = bounds.city
        and counted.stat_year = bounds.part_year
    group by {{ cell_groups(['bounds.basis']) }}
),

fees as (
    select
        {{ cell_columns() }},
        bounds.basis,
        {{ yuan('sum(counted.provided)') }} as fee_provided,
        {{ yuan('sum(counted.spent)') }} as fee_spent
    from {{ ref('evidence_fee') }} as counted
    inner join bounds
        on counted.jurisdiction = bounds.city
        and counted.stat_year = bounds.part_year
    where counted.entry_date <= bounds.part_end
    group by {{ cell_groups(['bounds.basis']) }}
),

known as (
    select
        jurisdiction,
        stat_year,
        basis,
        district_code,
        industry_code,
        insured_uscc,
        1 as in_force,
        0 as serviced
    from cover

    union all

    select
        counted.jurisdiction,
        counted.stat_year,
        parts.basis,
        counted.district_code,
        counted.industry_code,
        counted.insured_uscc,
        0 as in_force,
        1 as serviced
    from {{ ref('evidence_service') }} as counted
    inner join parts
        on counted.jurisdiction = parts.jurisdiction
        and counted.stat_year = parts.stat_year
    where counted.finished_on <= parts.part_end
),

served as (
    select
        {{ cell_columns() }},
        basis,
        insured_uscc,
        max(in_force) as in_force,
        max(serviced) as serviced
    from known
    group by {{ cell_groups(['basis', 'insured_uscc']) }}
),

services as (
    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        basis,
        sum(in_force) as insured_units_in_force,
        sum(in_force * serviced) as serviced_units_in_force
    from served
    group by jurisdiction, stat_year, cell_district, cell_industry, basis
),

final as (
    select
        cells.jurisdiction,
        cells.stat_year,
        parts.basis,
        parts.part_start,
        parts.part_end,
        cells.district_code,
        cells.industry_code,
        cast(coalesce(participation.required_units, 0) as bigint) as required_units,
        cast(coalesce(participation.insured_required_units, 0) as bigint) as insured_required_units,
        cast(coalesce(participation.pending_units, 0) as bigint) as pending_units,
        {{ ratio('participation.insured_required_units', 'participation.required_units') }} as participation_rate,
        cast(coalesce(premium.policies, 0) as bigint) as policies,
        {{ yuan('coalesce(premium.premium_received, 0)') }} as premium_received,
        {{ yuan('coalesce(claims.claims_incurred, 0)') }} as claims_incurred,
        {{ ratio('claims.claims_incurred', 'premium.premium_received') }} as simple_loss_ratio,
        {{ yuan('coalesce(fees.fee_provided, 0)') }} as fee_provided,
        {{ yuan('coalesce(fees.fee_spent, 0)') }} as fee_spent,
        {{ ratio('fees.fee_provided', 'premium.premium_received') }} as prevention_fee_share,
        cast(coalesce(services.insured_units_in_force, 0) as bigint) as insured_units_in_force,
        cast(coalesce(services.serviced_units_in_force, 0) as bigint) as serviced_units_in_force,
        {{ ratio('services.serviced_units_in_force', 'services.insured_units_in_force') }} as service_coverage
    from {{ ref('int_cell') }} as cells
    inner join parts
        on cells.jurisdiction = parts.jurisdiction
        and cells.stat_year = parts.stat_year
    {%- for part in ['participation', 'premium', 'claims', 'fees', 'services'] %}
    left join {{ part }}
        on cells.jurisdiction = {{ part }}.jurisdiction
        and cells.stat_year = {{ part }}.stat_year
        and cells.district_code = {{ part }}.cell_district
        and cells.industry_code = {{ part }}.cell_industry
        and parts.basis = {{ part }}.basis
    {%- endfor %}
)

select * from final
