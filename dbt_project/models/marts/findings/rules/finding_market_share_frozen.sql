-- 划分市场: in a district every insurer keeps its share from one full year to the next (应急〔2025〕27号 第三十九条).
-- Statistical: small districts move by chance and large ones hardly; few policies say nothing.
with

shares as (
    select counted.*
    from {{ ref('int_district_share') }} as counted
    where counted.is_whole_year
        and counted.district_policies >= {{ finding_least('market_share_frozen', 'counted.period_end', 'counted.jurisdiction') }}
),

pairs as (
    select
        coalesce(now.jurisdiction, before.jurisdiction) as jurisdiction,
        coalesce(now.district_code, before.district_code) as district_code,
        coalesce(now.stat_year, before.stat_year + 1) as stat_year,
        now.period_end,
        now.district_policies,
        now.first_policy,
        now.last_policy,
        abs(coalesce(now.share, 0) - coalesce(before.share, 0)) as change
    from shares as now
    full outer join shares as before
        on now.district_code = before.district_code
        and now.insurer_code = before.insurer_code
        and now.stat_year = before.stat_year + 1
),

frozen as (
    select
        jurisdiction,
        district_code,
        stat_year,
        max(period_end) as period_end,
        max(district_policies) as district_policies,
        max(change) as change,
        min(first_policy) as first_policy,
        max(last_policy) as last_policy
    from pairs
    group by jurisdiction, district_code, stat_year
    -- Two insurers at least, and both years known.
    having count(period_end) >= 2
),

earlier as (
    select distinct district_code, stat_year + 1 as stat_year from shares
)

select
    {{ finding(
        'market_share_frozen', 'frozen', feed='policy',
        key="frozen.district_code || '|' || cast(frozen.stat_year as string)", found_on='frozen.period_end',
        evidence="'policy:' || frozen.first_policy || '；policy:' || frozen.last_policy",
        value_1="cast(cast(100 * frozen.change as decimal(5, 2)) as string) || ' 个百分点'", value_2='frozen.district_policies',
        subject_type='区市', subject='frozen.district_code', insurer='null', industry='null', located=false
    ) }}
from frozen
inner join earlier
    on frozen.district_code = earlier.district_code
    and frozen.stat_year = earlier.stat_year
where frozen.change <= {{ finding_threshold('market_share_frozen', 'frozen.period_end', 'frozen.jurisdiction') }}
