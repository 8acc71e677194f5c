-- Weights of the scores (ref_score_weight) as one row per score and year, a column per part; no weight counts as zero.
with

years as (
    select distinct stat_year from {{ ref('int_period') }}
),

weights as (
    select
        rows_of_parts.score,
        years.stat_year,
        rows_of_parts.part_code,
        rows_of_parts.weight
    from {{ ref('ref_score_weight') }} as rows_of_parts
    inner join years
        on rows_of_parts.valid_from_year <= years.stat_year
        and (rows_of_parts.valid_to_year is null or rows_of_parts.valid_to_year >= years.stat_year)
),

final as (
    select
        score,
        stat_year
        {%- for part in score_parts() %},
        cast(coalesce(max(case when part_code = '{{ part }}' then weight end), 0) as double) as {{ part }}_weight
        {%- endfor %}
    from weights
    group by score, stat_year
)

select * from final
