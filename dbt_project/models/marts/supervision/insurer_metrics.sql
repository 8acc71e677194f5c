-- Premium and market share per insurer after the co-insurance split, and ALL (M04, M20, M21, M21b).
with

premium as (
    select * from {{ ref('int_insurer_premium') }}
),

by_insurer as (
    select
        jurisdiction,
        stat_year,
        case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as cell_insurer,
        count(distinct case when endorsement_no is null then policy_no end) as policies,
        sum(premium_written) as premium_written,
        sum(premium_received) as premium_received,
        sum(case when is_shared then premium_received else 0 end) as pool_premium_received
    from premium
    group by grouping sets ((jurisdiction, stat_year, insurer_code), (jurisdiction, stat_year))
),

totals as (
    select * from by_insurer where cell_insurer = 'ALL'
),

final as (
    select
        by_insurer.jurisdiction,
        by_insurer.stat_year,
        periods.as_of,
        by_insurer.cell_insurer as insurer_code,
        coalesce(insurers.name, '全部机构') as insurer_name,
        cast(by_insurer.policies as bigint) as policies,
        {{ yuan('by_insurer.premium_written') }} as premium_written,
        {{ yuan('by_insurer.premium_received') }} as premium_received,
        {{ ratio('by_insurer.premium_received', 'totals.premium_received') }} as market_share,
        {{ yuan('by_insurer.pool_premium_received') }} as pool_premium_received,
        {{ ratio('by_insurer.pool_premium_received', 'totals.pool_premium_received') }} as pool_share
    from by_insurer
    inner join totals
        on by_insurer.jurisdiction = totals.jurisdiction
        and by_insurer.stat_year = totals.stat_year
    inner join {{ ref('int_period') }} as periods
        on by_insurer.jurisdiction = periods.jurisdiction
        and by_insurer.stat_year = periods.stat_year
    left join {{ ref('ref_insurer') }} as insurers
        on by_insurer.cell_insurer = insurers.insurer_code
)

select * from final
