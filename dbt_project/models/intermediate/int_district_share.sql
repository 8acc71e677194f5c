-- Each insurer's share of a district's premium per year of inception: who underwrites there (policies only, without
-- later endorsements and without the split among co-insurers; market_share M21 has both).
with

premium as (
    select
        jurisdiction,
        stat_year,
        district_code,
        insurer_code,
        sum(premium_received) as premium,
        count(*) as policies,
        min(provider || '/' || policy_no) as first_policy,
        max(provider || '/' || policy_no) as last_policy
    from {{ ref('evidence_premium') }}
    where endorsement_no is null
    group by jurisdiction, stat_year, district_code, insurer_code
),

districts as (
    select
        stat_year,
        district_code,
        sum(premium) as district_premium,
        sum(policies) as district_policies
    from premium
    group by stat_year, district_code
),

final as (
    select
        premium.*,
        districts.district_policies,
        {{ ratio('premium.premium', 'districts.district_premium') }} as share,
        periods.period_end,
        extract(month from periods.period_end) = 12 and extract(day from periods.period_end) = 31 as is_whole_year
    from premium
    inner join districts
        on premium.stat_year = districts.stat_year
        and premium.district_code = districts.district_code
    inner join {{ ref('int_period') }} as periods
        on premium.jurisdiction = periods.jurisdiction
        and premium.stat_year = periods.stat_year
)

select * from final
