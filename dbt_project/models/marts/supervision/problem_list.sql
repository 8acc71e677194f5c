-- 问题清单: what inspections, complaints and screening found, with deadline, state and the notice to the insurance
-- regulator that insurers' problems need (威应急发〔2023〕11号 四(三)、三(二)2).
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

providers as (
    select * from {{ ref('ref_provider') }}
),

names as (
    select insurer_code as target_code, name from {{ ref('ref_insurer') }}
    union all
    select uscc as target_code, name from {{ ref('dim_service_org') }}
),

inspections as (
    select
        provider,
        problem_no,
        min(inspection_no) as inspection_no
    from {{ ref('fct_inspection') }}
    where problem_no is not null
    group by provider, problem_no
),

fines as (
    select
        provider,
        problem_no,
        count(*) as cases,
        sum(fine) as fines
    from {{ ref('fct_enforcement') }}
    where problem_no is not null
    group by provider, problem_no
),

measured as (
    select
        problems.*,
        providers.jurisdiction,
        as_of.as_of,
        -- Without a deadline of its own: some days after it was found.
        coalesce(
            problems.due,
            {{ add_days('problems.found_date', "cast(" ~ finding_threshold('problem_overdue', 'problems.found_date', 'providers.jurisdiction') ~ " as integer)") }}
        ) as due_date,
        cast(problems.closed_at as date) as closed_on,
        cast(problems.notified_regulator_at as date) as notified_on,
        problems.target_type = '承保机构' as needs_notice,
        {{ days_inclusive('problems.found_date', 'coalesce(cast(problems.notified_regulator_at as date), as_of.as_of)') }} - 1 as notice_days
    from {{ ref('fct_problem') }} as problems
    cross join as_of
    inner join providers
        on problems.provider = providers.provider
),

final as (
    select
        measured.jurisdiction,
        measured.provider,
        measured.problem_no,
        measured.found_date,
        measured.origin,
        measured.target_type,
        measured.target_code,
        coalesce(names.name, units.name) as target_name,
        measured.kind,
        measured.measure,
        measured.due,
        measured.due_date,
        measured.closed_on,
        case
            when measured.closed_on is not null and measured.closed_on > measured.due_date then '逾期销号'
            when measured.closed_on is not null then '已销号'
            when measured.due_date < measured.as_of then '逾期'
            else '整改中'
        end as state,
        case
            when measured.closed_on is null and measured.due_date < measured.as_of
                then {{ days_inclusive('measured.due_date', 'measured.as_of') }} - 1
        end as days_overdue,
        measured.needs_notice,
        measured.notified_on,
        case when measured.needs_notice then measured.notice_days end as notice_days,
        measured.needs_notice
        and measured.notice_days > {{ rule_value('regulator_notice_days', 'measured.found_date', 'measured.jurisdiction') }} as is_notice_late,
        measured.escalation,
        measured.finding,
        inspections.inspection_no,
        cast(coalesce(fines.cases, 0) as bigint) as enforcement_cases,
        {{ yuan('coalesce(fines.fines, 0)') }} as fines,
        measured.as_of,
        measured.file_id,
        measured.sheet,
        measured.line_no
    from measured
    left join names
        on measured.target_code = names.target_code
    left join {{ ref('dim_unit') }} as units
        on measured.target_code = units.uscc
    left join inspections
        on measured.provider = inspections.provider
        and measured.problem_no = inspections.problem_no
    left join fines
        on measured.provider = fines.provider
        and measured.problem_no = fines.problem_no
)

select * from final
