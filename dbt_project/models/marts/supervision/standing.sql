-- 位次: the headline ratios of each district and each field beside the whole city's, its place among all that have a value (1 is the
-- best), and the target that a dated rule sets. The city's own rows have no place. Whoever sees a district sees its row here, so that
-- a place can be told without the others' figures.
{% set metrics = {
    'participation_rate': 'high', 'simple_loss_ratio': 'none', 'prevention_fee_share': 'high', 'service_coverage': 'high',
    'contract_fulfilment': 'high', 'major_hazard_closure_rate': 'high',
} %}
{% set targets = {'participation_rate': 'participation_target', 'service_coverage': 'service_coverage_target'} %}
with

cells as (
    select * from {{ ref('supervision_metrics') }} where district_code = 'ALL' or industry_code = 'ALL'
),

cities as (
    select
        jurisdiction,
        stat_year,
        period_end,
        {%- for metric, rule in targets.items() %}
        {{ rule_value(rule, 'cells.period_end', 'cells.jurisdiction') }} as {{ metric }}_target,
        {%- endfor %}
        {%- for metric in metrics %}
        {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    where district_code = 'ALL' and industry_code = 'ALL'
),

long as (
    {%- for metric, better in metrics.items() %}
    select
        cells.jurisdiction,
        cells.stat_year,
        cells.district_code,
        cells.industry_code,
        case when cells.district_code <> 'ALL' then 'district' when cells.industry_code <> 'ALL' then 'field' else 'city' end as kind,
        '{{ metric }}' as metric,
        {{ 'true' if better == 'high' else 'false' }} as is_ranked,
        cells.{{ metric }} as value,
        cities.{{ metric }} as city_value,
        {{ 'cities.' ~ metric ~ '_target' if metric in targets else 'cast(null as double)' }} as target
    from cells
    inner join cities
        on cells.jurisdiction = cities.jurisdiction
        and cells.stat_year = cities.stat_year
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        kind,
        metric,
        value,
        city_value,
        cast(
            case
                when is_ranked and kind <> 'city' and value is not null
                    then rank() over (partition by jurisdiction, stat_year, kind, metric order by value desc nulls last)
            end as bigint
        ) as place,
        cast(
            case
                when is_ranked and kind <> 'city' then count(value) over (partition by jurisdiction, stat_year, kind, metric)
            end as bigint
        ) as places,
        cast(target as double) as target
    from long
)

select * from final
