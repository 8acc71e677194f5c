-- 得分构成: every part of every score (insurers' evaluation, districts' and departments' assessment) with what it is of, the mean it is
-- drawn to, its value, its weight and the points it brings; points of a target add up to its score before deductions.
select
    jurisdiction,
    stat_year,
    target_kind,
    target_code,
    target_name,
    part_code,
    part_name,
    numerator,
    denominator,
    mean_value,
    state,
    part_value,
    weight,
    case when part_value is not null then round(
        100 * {{ ratio(
            'part_value * weight',
            'sum(case when part_value is not null then ' ~ exact('weight') ~ ' end)
            over (partition by jurisdiction, stat_year, target_kind, target_code)'
        ) }}, 9
    ) end as points,
    is_small as is_small_sample,
    clause
from {{ ref('int_score_part') }}
