-- 得分构成: every part of every score (insurers' evaluation, districts' and departments' assessment) with its value, its
-- weight and the points it brings; points of a target add up to its score before deductions.
with

weights as (
    select * from {{ ref('int_score_weight') }}
),

insurers as (
    select
        metrics.*,
        {{ weights_present(evaluated_parts()) }} as weights_present
        {%- for part in evaluated_parts() %},
        weights.{{ part }}_weight
        {%- endfor %}
    from {{ ref('insurer_metrics') }} as metrics
    inner join weights
        on metrics.jurisdiction = weights.jurisdiction
        and metrics.stat_year = weights.stat_year
        and weights.score = 'insurer'
    where metrics.insurer_code <> 'ALL'
),

targets as (
    select
        assessed.*,
        weights.score as score_code,
        {{ weights_present(assessed_parts()) }} as weights_present
        {%- for part in assessed_parts() %},
        weights.{{ part }}_weight
        {%- endfor %}
    from {{ ref('assessment') }} as assessed
    inner join weights
        on assessed.jurisdiction = weights.jurisdiction
        and assessed.stat_year = weights.stat_year
        and weights.score = case assessed.target_kind when '区市' then 'district' else 'department' end
),

parts as (
    {%- for part in evaluated_parts() %}
    select
        'insurer' as score_code, jurisdiction, stat_year, '承保机构' as target_kind, insurer_code as target_code,
        insurer_name as target_name, '{{ part }}' as part_code, {{ part }} as part_value, {{ part }}_weight as weight,
        weights_present
    from insurers
    union all
    {%- endfor %}
    {%- for part in assessed_parts() %}
    select
        score_code, jurisdiction, stat_year, target_kind, target_code,
        target_name, '{{ part }}' as part_code, {{ part }} as part_value, {{ part }}_weight as weight,
        weights_present
    from targets
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

names as (
    select
        cities.jurisdiction,
        named.score,
        named.part_code,
        max_by(named.name, case when named.jurisdiction is null then 0 else 1 end) as name,
        max_by(named.source_doc || ' ' || named.article, case when named.jurisdiction is null then 0 else 1 end) as clause
    from {{ ref('ref_score_weight') }} as named
    inner join {{ ref('ref_jurisdiction') }} as cities
        on named.jurisdiction is null or named.jurisdiction = cities.jurisdiction
    group by cities.jurisdiction, named.score, named.part_code
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
        parts.weight,
        100 * parts.part_value * parts.weight / parts.weights_present as points,
        names.clause
    from parts
    left join names
        on parts.jurisdiction = names.jurisdiction
        and parts.score_code = names.score
        and parts.part_code = names.part_code
)

select * from final
