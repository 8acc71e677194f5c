{{ config(materialized='table') }}
-- What districts and industry departments are assessed by, per year: numerators and denominators (威应急发〔2023〕11号 四(三)).
-- `is_mandatory`: of a department, whether its field has to be insured in the city at the period's end: only then is 参保率 its duty.
{% set counted = [
    'required_units', 'pending_units', 'insured_required_units', 'exempt_units', 'insured_units_in_force',
    'serviced_units_in_force', 'major_hazards_due', 'major_hazards_closed', 'hazards_due', 'hazards_closed',
    'services', 'hazards_found', 'hazards_reported',
] -%}
with

cells as (
    select
        cells.*,
        hazards.hazards_reported
    from {{ ref('supervision_metrics') }} as cells
    left join (
        select
            {{ cell_columns() }},
            count(*) as hazards_reported
        from {{ ref('evidence_hazard') }}
        group by {{ cell_groups() }}
    ) as hazards
        on cells.jurisdiction = hazards.jurisdiction
        and cells.stat_year = hazards.stat_year
        and cells.district_code = hazards.cell_district
        and cells.industry_code = hazards.cell_industry
),

districts as (
    select
        'district' as score_code,
        cells.jurisdiction,
        cells.stat_year,
        cells.period_end,
        cells.district_code as target_code,
        cells.district_name as target_name,
        senders.provider,
        true as is_mandatory,
        {%- for column in counted %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    left join {{ ref('ref_provider') }} as senders
        on cells.district_code = senders.district_code
        and senders.kind = 'district_bureau'
    where cells.industry_code = 'ALL' and cells.district_code <> 'ALL'
),

departments as (
    select
        'department' as score_code,
        cells.jurisdiction,
        cells.stat_year,
        cells.period_end,
        cells.industry_code as target_code,
        senders.name as target_name,
        senders.provider,
        coalesce({{ is_mandatory('cells.period_end', 'cells.jurisdiction', 'cells.industry_code') }}, false) as is_mandatory,
        {%- for column in counted %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    inner join {{ ref('ref_provider') }} as senders
        on cells.jurisdiction = senders.jurisdiction
        and cells.industry_code = senders.industry_code
        and senders.kind = 'industry_department'
    where cells.district_code = 'ALL'
),

targets as (
    select * from districts
    union all
    select * from departments
),

problems as (
    select
        provider,
        {{ year_of('found_date') }} as stat_year,
        count(*) as due,
        sum(case when state = '已销号' then 1 else 0 end) as closed
    from {{ ref('problem_list') }}
    where state <> '整改中'
    group by provider, {{ year_of('found_date') }}
),

submissions as (
    select
        provider,
        stat_year,
        count(*) as due,
        sum(case when status = '按时' then 1 else 0 end) as on_time
    from {{ ref('submissions') }}
    where status <> '待报'
    group by provider, stat_year
),

-- Permits in force whose unit is on no roster of the field: a denominator in which the department has no say.
unlisted as (
    select
        found.jurisdiction,
        found.industry_code,
        {{ year_of('found.found_on') }} as stat_year,
        count(*) as permits
    from {{ ref('finding_permit_without_roster') }} as found
    group by found.jurisdiction, found.industry_code, {{ year_of('found.found_on') }}
),

final as (
    select
        targets.*,
        case when targets.score_code = 'department' then coalesce(unlisted.permits, 0) else 0 end as unlisted_permits,
        coalesce(problems.due, 0) as problems_due,
        coalesce(problems.closed, 0) as problems_closed,
        coalesce(submissions.due, 0) as submissions_due,
        coalesce(submissions.on_time, 0) as submissions_on_time
    from targets
    left join unlisted
        on targets.jurisdiction = unlisted.jurisdiction
        and targets.target_code = unlisted.industry_code
        and targets.stat_year = unlisted.stat_year
    left join problems
        on targets.provider = problems.provider
        and targets.stat_year = problems.stat_year
    left join submissions
        on targets.provider = submissions.provider
        and targets.stat_year = submissions.stat_year
)

select * from final
