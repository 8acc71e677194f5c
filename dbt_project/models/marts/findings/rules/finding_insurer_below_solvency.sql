-- 偿付能力不达标: an insurer's own report of a quarter in the last year lies below what 安责险 asks of it (N1/L5; 应急〔2025〕27号 第十条).
with

reports as (
    select
        capacity.*,
        providers.jurisdiction,
        {{ last_of_month('capacity.period') }} as period_end,
        days.as_of
    from {{ ref('fct_insurer_capacity') }} as capacity
    inner join {{ ref('ref_provider') }} as providers
        on capacity.provider = providers.provider
    cross join {{ ref('int_as_of') }} as days
),

judged as (
    select
        *,
        {{ rule_value('solvency_core_min', 'reports.period_end', 'reports.jurisdiction') }} as core_min,
        {{ rule_value('solvency_total_min', 'reports.period_end', 'reports.jurisdiction') }} as total_min
    from reports
)

select
    {{ finding(
        'insurer_below_solvency', 'judged', feed='insurer_capacity', key="judged.insurer_code || '|' || judged.period", found_on='judged.period_end',
        evidence="'insurer_capacity:' || judged.provider || '/' || judged.insurer_code || '|' || judged.period", value_1='judged.period',
        value_2="'核心 ' || coalesce(cast(cast(judged.solvency_core as decimal(18, 2)) as string), '未填') || ' 倍，综合 '
        || coalesce(cast(cast(judged.solvency_total as decimal(18, 2)) as string), '未填') || ' 倍'",
        district='null', industry='null'
    ) }}
from judged
where (judged.solvency_core < judged.core_min or judged.solvency_total < judged.total_min)
    and {{ days_inclusive('judged.period_end', 'judged.as_of') }} - 1 <= 365 and judged.period_end <= judged.as_of
