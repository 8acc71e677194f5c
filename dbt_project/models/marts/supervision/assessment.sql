-- 考核: districts and industry departments, per year, as a score whose weights are rows of ref_score_weight; parts without
-- data do not count, and their weight goes to the others (威应急发〔2023〕11号 四(三)). Insurers: insurer_metrics.evaluation_score.
with

cells as (
    select * from {{ ref('supervision_metrics') }}
),

districts as (
    select
        'district' as score,
        cells.jurisdiction,
        cells.stat_year,
        cells.district_code as target_code,
        cells.district_name as target_name,
        senders.provider,
        {{ known_participation('cells') }} as participation_rate,
        cells.exempt_units,
        cells.service_coverage,
        cells.major_hazard_closure_rate
    from cells
    left join {{ ref('ref_provider') }} as senders
        on cells.district_code = senders.district_code
        and senders.kind = 'district_bureau'
    where cells.industry_code = 'ALL' and cells.district_code <> 'ALL'
),

departments as (
    select
        'department' as score,
        cells.jurisdiction,
        cells.stat_year,
        cells.industry_code as target_code,
        senders.name as target_name,
        senders.provider,
        {{ known_participation('cells') }} as participation_rate,
        cells.exempt_units,
        cells.service_coverage,
        cells.major_hazard_closure_rate
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

measured as (
    select
        targets.*,
        {{ ratio('problems.closed', 'problems.due') }} as problem_closure_rate,
        {{ ratio('submissions.on_time', 'submissions.due') }} as submission_on_time_rate
        {%- for part in assessed_parts() %},
        weights.{{ part }}_weight
        {%- endfor %}
    from targets
    left join {{ ref('int_score_weight') }} as weights
        on targets.jurisdiction = weights.jurisdiction
        and targets.score = weights.score
        and targets.stat_year = weights.stat_year
    left join problems
        on targets.provider = problems.provider
        and targets.stat_year = problems.stat_year
    left join submissions
        on targets.provider = submissions.provider
        and targets.stat_year = submissions.stat_year
),

scored as (
    select
        jurisdiction,
        stat_year,
        case score when 'district' then '区市' else '行业部门' end as target_kind,
        target_code,
        target_name,
        participation_rate,
        exempt_units,
        service_coverage,
        major_hazard_closure_rate,
        problem_closure_rate,
        submission_on_time_rate,
        {{ weighted_score(assessed_parts()) }} as score
    from measured
),

final as (
    select
        *,
        case
            when score is not null
                then rank() over (partition by jurisdiction, stat_year, target_kind order by score desc)
        end as place
    from scored
)

select * from final
