-- 考核: districts and industry departments, per year, as a score whose parts and weights are score_parts (威应急发〔2023〕11号 四(三)).
-- Ranked among equals: those to whom the same duties apply, and enough records for a score to say something. Insurers:
-- insurer_metrics.evaluation_score.
with

final as (
    select
        assessed.jurisdiction,
        assessed.stat_year,
        case assessed.score_code when 'district' then '区市' else '行业部门' end as target_kind,
        assessed.target_code,
        assessed.target_name,
        assessed.is_mandatory,
        {{ ratio('assessed.insured_required_units', '(assessed.required_units - assessed.pending_units)') }} as participation_rate,
        assessed.exempt_units,
        {{ ratio('assessed.serviced_units_in_force', 'assessed.insured_units_in_force') }} as service_coverage,
        {{ ratio('assessed.major_hazards_closed', 'assessed.major_hazards_due') }} as major_hazard_closure_rate,
        {{ ratio('assessed.problems_closed', 'assessed.problems_due') }} as problem_closure_rate,
        {{ ratio('assessed.submissions_on_time', 'assessed.submissions_due') }} as submission_on_time_rate,
        scores.score,
        coalesce(scores.is_small, false) as is_small_sample,
        scores.parts_missing,
        case
            when scores.score is not null and not scores.is_small
                then rank() over (
                    partition by assessed.jurisdiction, assessed.stat_year, assessed.score_code, assessed.is_mandatory, scores.is_small
                    order by scores.score desc nulls last
                )
        end as place
    from {{ ref('int_assessed') }} as assessed
    left join {{ ref('int_score') }} as scores
        on assessed.jurisdiction = scores.jurisdiction
        and assessed.stat_year = scores.stat_year
        and assessed.score_code = scores.score_code
        and assessed.target_code = scores.target_code
)

select * from final
