-- R(e): required roster rows at the period's end, and whether the unit is insured in that field (M05), or nobody can know yet
-- (待核, trust.md 3): its last cover ended after the data of that cover's sender do.
-- 参保率 numerator and denominator as rows; Shanghai 三(二).
with

roster as (
    select * from {{ ref('fct_roster') }}
),

periods as (
    select * from {{ ref('int_period') }}
),

fields as (
    select distinct
        jurisdiction,
        industry_code
    from roster
),

duties as (
    select
        periods.jurisdiction,
        periods.stat_year,
        fields.industry_code,
        {{ is_mandatory('periods.period_end', 'periods.jurisdiction', 'fields.industry_code') }} as is_mandatory
    from periods
    inner join fields
        on periods.jurisdiction = fields.jurisdiction
),

-- Persons on the day: overlapping policies of one insurer insure the same people, so that its greatest counts; insurers add up.
by_insurer as (
    select
        stat_year,
        insured_uscc,
        industry_code,
        insurer_code,
        min(policy_no) as policy_no,
        min_by(provider, policy_no || ' ' || provider) as provider,
        max(insured_persons) as insured_persons
    from {{ ref('evidence_policy') }}
    where is_in_force
    group by stat_year, insured_uscc, industry_code, insurer_code
),

cover as (
    select
        stat_year,
        insured_uscc,
        industry_code,
        -- A number has no blanks, so that this is the order of numbers, then of senders.
        min(policy_no) as policy_no,
        min_by(provider, policy_no || ' ' || provider) as policy_provider,
        cast(sum(insured_persons) as bigint) as insured_persons
    from by_insurer
    group by stat_year, insured_uscc, industry_code
),

-- 社保 headcount where it was sent: the newest month by the period's end.
headcounts as (
    select
        periods.jurisdiction,
        periods.stat_year,
        counted.uscc,
        max_by(counted.insured_persons, counted.period || ' ' || cast(counted.received_at as string)) as persons
    from {{ ref('fct_social_insurance') }} as counted
    inner join {{ ref('ref_provider') }} as providers
        on counted.provider = providers.provider
    inner join periods
        on providers.jurisdiction = periods.jurisdiction
        and {{ last_of_month('counted.period') }} <= periods.period_end
    group by periods.jurisdiction, periods.stat_year, counted.uscc
),

required as (
    select
        periods.stat_year,
        periods.period_end,
        roster.*
    from roster
    inner join periods
        on roster.jurisdiction = periods.jurisdiction
        and {{ is_on_roster('roster', 'periods.period_end') }}
    inner join duties
        on roster.jurisdiction = duties.jurisdiction
        and periods.stat_year = duties.stat_year
        and roster.industry_code = duties.industry_code
    where {{ counts_as_required('roster', 'duties.is_mandatory') }}
),

final as (
    select
        required.jurisdiction,
        required.stat_year,
        required.district_code,
        required.industry_code,
        required.uscc,
        coalesce(headcounts.persons, required.employees) as employees,
        case when headcounts.persons is not null then '社保' when required.employees is not null then '名录' end as employees_source,
        cover.policy_no,
        cover.policy_provider,
        cover.insured_persons,
        cover.policy_no is not null as is_insured,
        cover.policy_no is null and pending.policy_no is not null as is_pending,
        case when cover.policy_no is null then pending.policy_no end as pending_policy_no,
        case when cover.policy_no is null then pending.provider end as pending_policy_provider,
        required.file_id,
        required.sheet,
        required.line_no
    from required
    left join cover
        on required.stat_year = cover.stat_year
        and required.uscc = cover.insured_uscc
        and required.industry_code = cover.industry_code
    left join headcounts
        on required.jurisdiction = headcounts.jurisdiction
        and required.stat_year = headcounts.stat_year
        and required.uscc = headcounts.uscc
    left join {{ ref('int_pending_cover') }} as pending
        on required.uscc = pending.insured_uscc
        and required.industry_code = pending.industry_code
        and {{ is_pending_on('required.period_end', 'pending') }}
)

select * from final
