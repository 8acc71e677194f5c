-- 单位全景: one row per unit, what insurers and departments know of it (威应急发〔2023〕11号 一; 沪安委办〔2023〕32号 一(三):
-- a reference for supervision, credit and honours).
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

cover as (
    select
        policies.insured_uscc as uscc,
        count(*) as policies,
        count(distinct policies.industry_code) as insured_fields,
        min(policies.policy_no) as policy_no,
        min_by(policies.provider, policies.policy_no || ' ' || policies.provider) as policy_provider,
        min(policies.insurer_code) as insurer_code,
        max(policies.cover_end) as cover_end,
        sum(policies.insured_persons) as insured_persons,
        sum(policies.premium_received) as premium_received
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where policies.is_valid and as_of.as_of between policies.inception_date and policies.cover_end
    group by policies.insured_uscc
),

since as (
    select
        insured_uscc as uscc,
        min(inception_date) as first_insured_on
    from {{ ref('fct_policy') }}
    where is_valid
    group by insured_uscc
),

required as (
    select
        required.uscc,
        count(*) as required_fields,
        sum(case when required.is_insured or required.is_pending then 0 else 1 end) as uninsured_fields,
        sum(case when required.is_pending then 1 else 0 end) as pending_fields
    from {{ ref('evidence_participation') }} as required
    cross join as_of
    where required.stat_year = {{ year_of('as_of.as_of') }}
    group by required.uscc
),

-- 待核: the last cover it is known to have had ended after the data of its insurer do.
pending as (
    select distinct covers.insured_uscc as uscc
    from {{ ref('int_pending_cover') }} as covers
    cross join as_of
    where {{ is_pending_on('as_of.as_of', 'covers') }}
),

services as (
    select
        services.insured_uscc as uscc,
        sum(case when services.finished_on > {{ add_days('as_of.as_of', -365) }} then 1 else 0 end) as services_last_year,
        max(services.finished_on) as last_service_on,
        sum(services.satisfaction) as satisfaction_points,
        count(services.satisfaction) as satisfaction_answers
    from {{ ref('fct_service') }} as services
    cross join as_of
    where services.is_completed and services.has_valid_policy
    group by services.insured_uscc
),

hazards as (
    select
        insured_uscc as uscc,
        count(*) as hazards,
        sum(case when rechecked_on is null then 1 else 0 end) as open_hazards,
        sum(case when rechecked_on is null and grade = '重大' then 1 else 0 end) as open_major_hazards,
        sum(case when days_overdue is not null then 1 else 0 end) as overdue_hazards,
        sum(case when is_refused then 1 else 0 end) as refusals
    from {{ ref('hazard_ledger') }}
    group by insured_uscc
),

claims as (
    select
        insured_uscc as uscc,
        count(*) as claims,
        sum(paid_to_date) as paid_to_date
    from {{ ref('fct_claim') }}
    where has_valid_policy and status <> '销案'
    group by insured_uscc
),

accidents as (
    select
        accidents.uscc,
        count(*) as accidents,
        sum(accidents.deaths) as deaths,
        max(cast(accidents.occurred_at as date)) as last_accident_on
    from {{ ref('fct_accident') }} as accidents
    group by accidents.uscc
),

inspections as (
    select
        target_code as uscc,
        count(*) as inspections,
        max(inspected_on) as last_inspected_on
    from {{ ref('fct_inspection') }}
    where target_type = '生产经营单位'
    group by target_code
),

problems as (
    select
        target_code as uscc,
        count(*) as problems,
        sum(case when closed_on is null then 1 else 0 end) as open_problems
    from {{ ref('problem_list') }}
    where target_type = '生产经营单位'
    group by target_code
),

fines as (
    select
        uscc,
        count(*) as enforcement_cases,
        sum(fine) as fines,
        max(decided_on) as last_fined_on
    from {{ ref('fct_enforcement') }}
    group by uscc
),

credit as (
    select
        lists.target_code as uscc,
        {{ joined_values('lists.kind') }} as credit_lists
    from {{ ref('fct_credit_list') }} as lists
    cross join as_of
    where lists.target_type = '生产经营单位'
        and as_of.as_of >= lists.valid_from and (lists.valid_to is null or as_of.as_of <= lists.valid_to)
    group by lists.target_code
),

found as (
    select
        subject_code as uscc,
        count(*) as findings,
        sum(case when severity = '高' then 1 else 0 end) as findings_high
    from {{ ref('findings') }}
    where subject_type = '生产经营单位'
    group by subject_code
),

final as (
    select
        units.uscc,
        units.name as unit_name,
        units.jurisdiction,
        units.district_code,
        units.ownership,
        units.employees,
        units.operating_status,
        units.is_on_roster,
        cast(coalesce(required.required_fields, 0) as bigint) as required_fields,
        cast(coalesce(required.uninsured_fields, 0) as bigint) as uninsured_fields,
        cast(coalesce(required.pending_fields, 0) as bigint) as pending_fields,
        case
            when coalesce(required.uninsured_fields, 0) > 0 then '应保未保'
            when coalesce(required.pending_fields, 0) > 0 then '待核'
            when cover.uscc is not null then '在保'
            when pending.uscc is not null then '待核'
            when since.uscc is not null then '已脱保'
            else '未投保'
        end as insured_state,
        cast(coalesce(cover.policies, 0) as bigint) as policies_in_force,
        cover.policy_no,
        cover.policy_provider,
        cover.insurer_code,
        since.first_insured_on,
        cover.cover_end,
        cast(cover.insured_persons as bigint) as insured_persons,
        {{ yuan('coalesce(cover.premium_received, 0)') }} as premium_received,
        cast(coalesce(services.services_last_year, 0) as bigint) as services_last_year,
        services.last_service_on,
        {{ ratio('services.satisfaction_points', 'services.satisfaction_answers') }} as satisfaction,
        cast(coalesce(hazards.hazards, 0) as bigint) as hazards,
        cast(coalesce(hazards.open_hazards, 0) as bigint) as open_hazards,
        cast(coalesce(hazards.open_major_hazards, 0) as bigint) as open_major_hazards,
        cast(coalesce(hazards.overdue_hazards, 0) as bigint) as overdue_hazards,
        cast(coalesce(hazards.refusals, 0) as bigint) as refusals,
        cast(coalesce(claims.claims, 0) as bigint) as claims,
        {{ yuan('coalesce(claims.paid_to_date, 0)') }} as claims_paid,
        cast(coalesce(accidents.accidents, 0) as bigint) as accidents,
        cast(coalesce(accidents.deaths, 0) as bigint) as deaths,
        accidents.last_accident_on,
        cast(coalesce(inspections.inspections, 0) as bigint) as inspections,
        inspections.last_inspected_on,
        cast(coalesce(problems.problems, 0) as bigint) as problems,
        cast(coalesce(problems.open_problems, 0) as bigint) as open_problems,
        cast(coalesce(fines.enforcement_cases, 0) as bigint) as enforcement_cases,
        {{ yuan('coalesce(fines.fines, 0)') }} as fines,
        fines.last_fined_on,
        credit.credit_lists,
        cast(coalesce(found.findings, 0) as bigint) as findings,
        cast(coalesce(found.findings_high, 0) as bigint) as findings_high,
        coalesce(services.services_last_year, 0) > 0 and coalesce(hazards.overdue_hazards, 0) = 0
        and coalesce(hazards.refusals, 0) = 0 as is_cooperative,
        as_of.as_of
    from units
    cross join as_of
    {%- for part in ['cover', 'since', 'required', 'pending', 'services', 'hazards', 'claims', 'accidents', 'inspections', 'problems', 'fines', 'credit', 'found'] %}
    left join {{ part }}
        on units.uscc = {{ part }}.uscc
    {%- endfor %}
)

select * from final
