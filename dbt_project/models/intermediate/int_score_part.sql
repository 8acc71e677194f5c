{{ config(materialized='table') }}
-- 得分构成: every part of every score with its weight (trust.md 4, Scores). With records: x/n drawn towards the mean of all by
-- (x + k·mean)/(n + k), k = score_pull. Without, though there was occasion: 0, 未报. Without occasion: 不适用, and its weight goes to
-- the others. Whoever insures nobody has no score.
with

insurers as (
    select
        'insurer' as score_code,
        measured.*,
        '承保机构' as target_kind,
        measured.insurer_code as target_code,
        measured.insurer_name as target_name,
        cast({{ rule_value('score_pull', 'measured.period_end', 'measured.jurisdiction') }} as double) as pull,
        {{ rule_value('score_least_records', 'measured.period_end', 'measured.jurisdiction') }} as least_records
    from {{ ref('int_insurer_year') }} as measured
    where measured.insurer_code <> 'ALL' and (measured.policies > 0 or measured.insured_units_in_force > 0)
),

sized_insurers as (
    select
        *,
        greatest(policies, insured_units_in_force) < least_records as is_small
    from insurers
),

assessed as (
    select
        measured.*,
        case measured.score_code when 'district' then '区市' else '行业部门' end as target_kind,
        cast({{ rule_value('score_pull', 'measured.period_end', 'measured.jurisdiction') }} as double) as pull,
        {{ rule_value('score_least_records', 'measured.period_end', 'measured.jurisdiction') }} as least_records
    from {{ ref('int_assessed') }} as measured
),

sized_assessed as (
    select
        *,
        greatest(required_units, insured_units_in_force) < least_records as is_small
    from assessed
),

parts as (
    {{ rows_of_parts('sized_insurers', insurer_score_parts()) }}

    union all

    {{ rows_of_parts('sized_assessed', assessed_score_parts()) }}
),

means as (
    select
        jurisdiction,
        stat_year,
        score_code,
        part_code,
        {{ ratio('sum(' ~ exact('numerator') ~ ')', 'sum(' ~ exact('denominator') ~ ')') }} as mean_value
    from parts
    where denominator > 0
    group by jurisdiction, stat_year, score_code, part_code
),

final as (
    select
        parts.score_code,
        parts.jurisdiction,
        parts.stat_year,
        parts.target_kind,
        parts.target_code,
        parts.target_name,
        parts.is_small,
        parts.part_code,
        weights.name as part_name,
        weights.weight,
        weights.clause,
        parts.numerator,
        parts.denominator,
        means.mean_value,
        case when parts.denominator > 0 then '计入' when parts.is_silent then '未报' else '不适用' end as state,
        case
            when parts.denominator > 0 and parts.is_pulled
                then round((coalesce(parts.numerator, 0) + parts.pull * means.mean_value) / (parts.denominator + parts.pull), 9)
            when parts.denominator > 0 then round(parts.numerator / parts.denominator, 9)
            when parts.is_silent then 0
        end as part_value
    from parts
    inner join {{ ref('int_score_weight') }} as weights
        on parts.jurisdiction = weights.jurisdiction
        and parts.score_code = weights.score
        and parts.stat_year = weights.stat_year
        and parts.part_code = weights.part_code
    left join means
        on parts.jurisdiction = means.jurisdiction
        and parts.stat_year = means.stat_year
        and parts.score_code = means.score_code
        and parts.part_code = means.part_code
)

select * from final
