-- 年度报送统计: the items of the statutory return (ref_return_item) in long form, per district, industry and
-- insurer, totals included; each with numerator, denominator and its basis in words.
with

items as (
    {{ of_each_city('ref_return_item') }}
),

cells as (
    select * from {{ ref('supervision_metrics') }}
),

insurers as (
    select * from {{ ref('insurer_metrics') }} where insurer_code <> 'ALL'
),

-- 承保份额、共保份额 per district and industry too: a department reports the shares of its own field.
premium as (
    select
        {{ cell_columns() }},
        insurer_code,
        sum(premium_received) as premium_received,
        sum(case when is_shared then premium_received else 0 end) as pool_premium_received
    from {{ ref('evidence_insurer_premium') }}
    group by {{ cell_groups(['insurer_code']) }}
),

pools as (
    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        sum(pool_premium_received) as pool_premium_received
    from premium
    group by jurisdiction, stat_year, cell_district, cell_industry
),

shares as (
    select
        premium.*,
        {{ yuan('premium.premium_received') }} as own,
        {{ yuan('premium.pool_premium_received') }} as own_pool,
        cells.premium_received as market,
        {{ yuan('pools.pool_premium_received') }} as market_pool
    from premium
    inner join cells
        on premium.jurisdiction = cells.jurisdiction
        and premium.stat_year = cells.stat_year
        and premium.cell_district = cells.district_code
        and premium.cell_industry = cells.industry_code
    inner join pools
        on premium.jurisdiction = pools.jurisdiction
        and premium.stat_year = pools.stat_year
        and premium.cell_district = pools.cell_district
        and premium.cell_industry = pools.cell_industry
),

long as (
    {% for metric in metrics_of('supervision_metrics') -%}
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        'ALL' as insurer_code,
        '{{ metric.name }}' as metric,
        '{{ metric.unit }}' as unit,
        cast({{ metric.numerator }} as decimal(30, 6)) as numerator,
        cast({{ metric.denominator }} as decimal(30, 6)) as denominator,
        cast({{ metric.name }} as double) as value
    from cells

    union all
    {% endfor %}
    {% for metric in metrics_of('insurer_metrics') if metric.name not in ('market_share', 'pool_share') -%}
    select
        jurisdiction,
        stat_year,
        'ALL' as district_code,
        'ALL' as industry_code,
        insurer_code,
        '{{ metric.name }}' as metric,
        '{{ metric.unit }}' as unit,
        cast({{ metric.numerator }} as decimal(30, 6)) as numerator,
        cast({{ metric.denominator }} as decimal(30, 6)) as denominator,
        cast({{ metric.name }} as double) as value
    from insurers

    union all
    {% endfor %}
    {% for metric, own, market in [('market_share', 'own', 'market'), ('pool_share', 'own_pool', 'market_pool')] -%}
    select
        jurisdiction,
        stat_year,
        cell_district as district_code,
        cell_industry as industry_code,
        insurer_code,
        '{{ metric }}' as metric,
        '比例' as unit,
        cast({{ own }} as decimal(30, 6)) as numerator,
        cast({{ market }} as decimal(30, 6)) as denominator,
        {{ ratio(own, market) }} as value
    from shares
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        long.jurisdiction,
        long.stat_year,
        periods.as_of,
        items.item_no,
        items.sort_no,
        items.section,
        items.item_code,
        items.item_name,
        items.metric,
        long.district_code,
        long.industry_code,
        long.insurer_code,
        long.numerator,
        long.denominator,
        long.value,
        long.unit,
        items.basis,
        items.differs,
        items.clause
    from long
    inner join items
        on long.jurisdiction = items.city
        and long.metric = items.metric
    inner join {{ ref('int_period') }} as periods
        on long.jurisdiction = periods.jurisdiction
        and long.stat_year = periods.stat_year
)

select * from final
