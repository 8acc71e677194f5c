-- 应保未保: required, in operation, without cover in its field at the as-of date (M05x; 沪安委办〔2023〕32号 一(三)).
-- Pending ones (待核, pending_units) are not among them: nobody knows yet whether they renewed.
-- Days run from the end of the last cover in that field, and not from before the unit was listed.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

required as (
    select required.*
    from {{ ref('evidence_participation') }} as required
    cross join as_of
    where required.stat_year = {{ year_of('as_of.as_of') }} and not required.is_insured and not required.is_pending
),

roster as (
    select * from {{ ref('fct_roster') }}
),

past as (
    select
        policies.insured_uscc,
        policies.industry_code,
        policies.provider,
        policies.policy_no,
        policies.insurer_code,
        policies.cover_end,
        policies.status,
        row_number() over (
            partition by policies.insured_uscc, policies.industry_code order by policies.cover_end desc, policies.policy_no, policies.provider
        ) as place
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where policies.is_valid and policies.cover_end < as_of.as_of and policies.cover_end >= policies.inception_date
),

invalid as (
    select
        policies.insured_uscc,
        policies.industry_code,
        max(policies.invalid_reason) as invalid_reason
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where not policies.is_valid and as_of.as_of between policies.inception_date and policies.expiry_date
    group by policies.insured_uscc, policies.industry_code
),

elsewhere as (
    select
        policies.insured_uscc,
        min(policies.industry_code) as industry_code
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where policies.is_valid and as_of.as_of between policies.inception_date and policies.cover_end
    group by policies.insured_uscc
),

fines as (
    select
        newest.uscc,
        count(*) as cases,
        sum(newest.fine) as fines,
        max(newest.decided_on) as last_decided_on
    from {{ ref('fct_enforcement') }} as newest
    where newest.law_article like '%109%' or newest.law_article like '%一百零九%'
    group by newest.uscc
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
        as_of.as_of,
        case
            when invalid.invalid_reason is not null then invalid.invalid_reason
            when elsewhere.insured_uscc is not null and past.policy_no is null then '投保行业与应保行业不符'
            when past.policy_no is null then '从未投保'
            when past.status = '退保' then '退保后未再投保'
            else '到期未续保'
        end as reason,
        {{ days_inclusive('greatest(coalesce(past.cover_end, roster.listed_from), roster.listed_from)', 'as_of.as_of') }} - 1 as days_uninsured,
        past.policy_no as last_policy_no,
        past.provider as last_policy_provider,
        past.insurer_code as last_insurer_code,
        past.cover_end as last_cover_end,
        cast(coalesce(fines.cases, 0) as bigint) as enforcement_cases,
        {{ yuan('coalesce(fines.fines, 0)') }} as fines,
        fines.last_decided_on,
        case
            when fines.cases > 1 then '已再次处罚'
            when fines.cases = 1 then '已处罚'
            else '未处罚'
        end as enforcement_stage,
        required.file_id,
        required.sheet,
        required.line_no
    from required
    cross join as_of
    inner join roster
        on required.uscc = roster.uscc
        and required.industry_code = roster.industry_code
    left join past
        on required.uscc = past.insured_uscc
        and required.industry_code = past.industry_code
        and past.place = 1
    left join invalid
        on required.uscc = invalid.insured_uscc
        and required.industry_code = invalid.industry_code
    left join elsewhere
        on required.uscc = elsewhere.insured_uscc
    left join fines
        on required.uscc = fines.uscc
    left join {{ ref('int_responsible_department') }} as departments
        on required.jurisdiction = departments.jurisdiction
        and required.industry_code = departments.industry_code
)

select * from final
