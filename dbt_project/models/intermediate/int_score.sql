-- The score of each target, 0 to 100: the weighted mean of the parts that apply (int_score_part); null when none does.
select
    score_code,
    jurisdiction,
    stat_year,
    target_code,
    max(is_small) as is_small,
    -- Engines take the other one where one of two is null: no part, no score.
    case
        when sum(case when part_value is not null then weight else 0 end) > 0
            then greatest(least(
                round(100 * {{ ratio(
                    'sum(' ~ exact('part_value * weight') ~ ')',
                    'sum(case when part_value is not null then ' ~ exact('weight') ~ ' end)'
                ) }}, 2), 100
            ), 0)
    end as score,
    {{ joined_values("case when state = '未报' then part_name end") }} as parts_missing
from {{ ref('int_score_part') }}
group by score_code, jurisdiction, stat_year, target_code
