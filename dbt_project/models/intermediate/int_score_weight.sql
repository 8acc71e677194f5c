-- Weights of the scores (ref_score_weight) as one row per city, score and year, a column per part; no weight counts as zero.
-- A city's own weight of a part goes before the one for the whole country.
with

years as (
    select distinct jurisdiction, stat_year from {{ ref('int_period') }}
),

weights as (
    select
        years.jurisdiction,
        rows_of_parts.score,
        years.stat_year,
        rows_of_parts.part_code,
        rows_of_parts.weight,
        row_number() over (
            partition by years.jurisdiction, years.stat_year, rows_of_parts.score, rows_of_parts.part_code
            order by {{ precedence('rows_of_parts', 'valid_from_year', of_field=false) }} desc
        ) as place
    from {{ ref('ref_score_weight') }} as rows_of_parts
    inner join years
        on rows_of_parts.valid_from_year <= years.stat_year
        and (rows_of_parts.valid_to_year is null or rows_of_parts.valid_to_year >= years.stat_year)
        and (rows_of_parts.jurisdiction is null or rows_of_parts.jurisdiction = years.jurisdiction)
),

final as (
    select
        jurisdiction,
        score,
        stat_year
        {%- for part in score_parts() %},
        cast(coalesce(max(case when part_code = '{{ part }}' then weight end), 0) as double) as {{ part }}_weight
        {%- endfor %}
    from weights
    where place = 1
    group by jurisdiction, score, stat_year
)

select * from final
