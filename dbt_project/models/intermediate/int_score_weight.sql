-- Weights of the parts of each score (ref_score_weight) per city and year; a city's own weight of a part goes before the one for the
-- whole country. Columns: jurisdiction, score, stat_year, part_code, name, weight, clause.
with

years as (
    select distinct jurisdiction, stat_year from {{ ref('int_period') }}
),

weights as (
    select
        years.jurisdiction,
        listed.score,
        years.stat_year,
        listed.part_code,
        listed.name,
        listed.weight,
        listed.source_doc || ' ' || coalesce(listed.article, '') as clause,
        row_number() over (
            partition by years.jurisdiction, years.stat_year, listed.score, listed.part_code
            order by {{ precedence('listed', 'valid_from_year', of_field=false) }} desc
        ) as place
    from {{ ref('ref_score_weight') }} as listed
    inner join years
        on listed.valid_from_year <= years.stat_year
        and (listed.valid_to_year is null or listed.valid_to_year >= years.stat_year)
        and (listed.jurisdiction is null or listed.jurisdiction = years.jurisdiction)
)

select
    jurisdiction,
    score,
    stat_year,
    part_code,
    name,
    cast(weight as double) as weight,
    clause
from weights
where place = 1
