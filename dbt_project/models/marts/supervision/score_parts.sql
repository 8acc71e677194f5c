-- 得分构成: every part of every score (insurers' evaluation, districts' and departments' assessment) with its value, its
-- weight and the points it brings; points of a target add up to its score before deductions.
with

insurers as (
    select
        *,
        satisfaction / 5 as satisfaction_share
    from {{ ref('insurer_metrics') }}
    where insurer_code <> 'ALL'
),

weighed_insurers as (
    select
        *,
        {{ weights_present(evaluated_parts(), "'insurer'", 'stat_year') }} as weights
    from insurers
),

targets as (
    select
        *,
        case target_kind when '区市' then 'district' else 'department' end as score_code
    from {{ ref('assessment') }}
),

weighed_targets as (
    select
        *,
        {{ weights_present(assessed_parts(), 'score_code', 'stat_year') }} as weights
    from targets
),

parts as (
    {%- for part in evaluated_parts() %}
    select
        'insurer' as score_code, jurisdiction, stat_year, '承保机构' as target_kind, insurer_code as target_code,
        insurer_name as target_name, '{{ part }}' as part_code, {{ part }} as part_value,
        {{ score_weight("'insurer'", part, 'stat_year') }} as weight, weights
    from weighed_insurers
    union all
    {%- endfor %}
    {%- for part in assessed_parts() %}
    select
        score_code, jurisdiction, stat_year, target_kind, target_code,
        target_name, '{{ part }}' as part_code, {{ part }} as part_value,
        {{ score_weight('score_code', part, 'stat_year') }} as weight, weights
    from weighed_targets
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

names as (
    select
        score,
        part_code,
        max(name) as name,
        max(source_doc || ' ' || article) as clause
    from {{ ref('ref_score_weight') }}
    group by score, part_code
),

final as (
    select
        parts.jurisdiction,
        parts.stat_year,
        parts.target_kind,
        parts.target_code,
        parts.target_name,
        parts.part_code,
        names.name as part_name,
        parts.part_value,
        cast(parts.weight as double) as weight,
        cast(100 * parts.part_value * parts.weight / parts.weights as double) as points,
        names.clause
    from parts
    left join names
        on parts.score_code = names.score
        and parts.part_code = names.part_code
)

select * from final
