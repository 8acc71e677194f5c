-- 待核单位: required units whose last cover ended after the data of its insurer do, so that nobody knows yet whether they renewed
-- (trust.md 3). They are on no list of uninsured units; the insurer is late, not they.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        required.jurisdiction,
        required.district_code,
        required.industry_code,
        required.uscc,
        roster.name as unit_name,
        coalesce(roster.department, departments.department) as department,
        required.employees,
        pending.policy_no as last_policy_no,
        pending.provider as last_policy_provider,
        pending.insurer_code as last_insurer_code,
        providers.name as last_provider_name,
        pending.cover_end as last_cover_end,
        pending.covers_to,
        as_of.as_of,
        required.file_id,
        required.sheet,
        required.line_no
    from {{ ref('evidence_participation') }} as required
    cross join as_of
    inner join {{ ref('int_pending_cover') }} as pending
        on required.uscc = pending.insured_uscc
        and required.industry_code = pending.industry_code
        and required.pending_policy_no = pending.policy_no
        and required.pending_policy_provider = pending.provider
    inner join {{ ref('fct_roster') }} as roster
        on required.uscc = roster.uscc
        and required.industry_code = roster.industry_code
    left join {{ ref('ref_provider') }} as providers
        on pending.provider = providers.provider
    left join {{ ref('int_responsible_department') }} as departments
        on required.jurisdiction = departments.jurisdiction
        and required.industry_code = departments.industry_code
    where required.is_pending and required.stat_year = {{ year_of('as_of.as_of') }}
)

select * from final
