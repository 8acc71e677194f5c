-- 专项活动进度: units to be reached by a campaign and those reached by a completed visit in its days (ref_campaign;
-- 沪安委办〔2023〕32号 一(二) one help activity; 威应急发〔2023〕11号 三(一) service for all insured). Units to be reached:
-- in force at the campaign's last day, or now while it runs, in its fields. A tagged campaign counts tagged visits. Beside them what
-- its account asks for: visits, and the major hazards found in its days and fields, rechecked since, refused and reported
-- (沪安委办〔2023〕32号 三(二), last paragraph).
with

campaigns as (
    select
        campaigns.*,
        least(campaigns.valid_to, days.as_of) as counted_until,
        {{ year_of('campaigns.valid_to') }} as stat_year,
        days.as_of
    from {{ ref('ref_campaign') }} as campaigns
    cross join {{ ref('int_as_of') }} as days
    where campaigns.valid_from <= days.as_of
),

fields as (
    select * from {{ ref('ref_campaign_industry') }}
),

restricted as (
    select distinct campaign_code from fields
),

targets as (
    select
        campaigns.campaign_code,
        campaigns.jurisdiction,
        campaigns.stat_year,
        policies.district_code,
        policies.industry_code,
        policies.insured_uscc
    from campaigns
    inner join {{ ref('fct_policy') }} as policies
        on campaigns.jurisdiction = policies.jurisdiction
        and campaigns.counted_until between policies.inception_date and policies.cover_end
    left join restricted
        on campaigns.campaign_code = restricted.campaign_code
    left join fields
        on campaigns.campaign_code = fields.campaign_code
        and policies.industry_code = fields.industry_code
    where policies.is_valid and (restricted.campaign_code is null or fields.industry_code is not null)
),

visits as (
    select
        campaigns.campaign_code,
        campaigns.jurisdiction,
        campaigns.stat_year,
        services.district_code,
        services.industry_code,
        services.insured_uscc,
        services.finished_on
    from campaigns
    inner join {{ ref('fct_service') }} as services
        on campaigns.jurisdiction = services.jurisdiction
        and services.finished_on between campaigns.valid_from and campaigns.counted_until
        and (campaigns.record_tag is null or campaigns.record_tag = services.campaign)
    left join restricted
        on campaigns.campaign_code = restricted.campaign_code
    left join fields
        on campaigns.campaign_code = fields.campaign_code
        and services.industry_code = fields.industry_code
    where services.is_completed and services.has_valid_policy
        and (restricted.campaign_code is null or fields.industry_code is not null)
),

reached as (
    select
        campaign_code,
        district_code,
        industry_code,
        insured_uscc,
        max(finished_on) as last_visit_on
    from visits
    group by campaign_code, district_code, industry_code, insured_uscc
),

visits_counted as (
    select
        {{ cell_columns() }},
        campaign_code,
        count(*) as visits
    from visits
    group by {{ cell_groups(['campaign_code']) }}
),

major_hazards as (
    select
        campaigns.campaign_code,
        campaigns.jurisdiction,
        campaigns.stat_year,
        hazards.district_code,
        hazards.industry_code,
        case when hazards.rechecked_on <= campaigns.as_of then 1 else 0 end as is_rechecked,
        case when hazards.refused then 1 else 0 end as is_refused,
        case when hazards.refused and hazards.reported_at is not null then 1 else 0 end as is_reported
    from campaigns
    inner join {{ ref('fct_hazard') }} as hazards
        on campaigns.jurisdiction = hazards.jurisdiction
        and hazards.found_date between campaigns.valid_from and campaigns.counted_until
    left join restricted
        on campaigns.campaign_code = restricted.campaign_code
    left join fields
        on campaigns.campaign_code = fields.campaign_code
        and hazards.industry_code = fields.industry_code
    where hazards.grade = '重大' and (restricted.campaign_code is null or fields.industry_code is not null)
),

hazards_counted as (
    select
        {{ cell_columns() }},
        campaign_code,
        count(*) as major_hazards,
        sum(is_rechecked) as major_hazards_rechecked,
        sum(is_refused) as major_hazards_refused,
        sum(is_reported) as refusals_reported
    from major_hazards
    group by {{ cell_groups(['campaign_code']) }}
),

joined as (
    select
        targets.*,
        case when reached.insured_uscc is not null then targets.insured_uscc end as reached_uscc,
        case
            when reached.last_visit_on > {{ add_days('campaigns.counted_until', -30) }} then targets.insured_uscc
        end as recently_reached_uscc
    from targets
    inner join campaigns
        on targets.campaign_code = campaigns.campaign_code
    left join reached
        on targets.campaign_code = reached.campaign_code
        and targets.district_code = reached.district_code
        and targets.industry_code = reached.industry_code
        and targets.insured_uscc = reached.insured_uscc
),

counted as (
    select
        {{ cell_columns() }},
        campaign_code,
        count(distinct insured_uscc) as target_units,
        count(distinct reached_uscc) as reached_units,
        count(distinct recently_reached_uscc) as recently_reached_units
    from joined
    group by {{ cell_groups(['campaign_code']) }}
),

final as (
    select
        counted.jurisdiction,
        counted.campaign_code,
        campaigns.name as campaign_name,
        counted.cell_district as district_code,
        counted.cell_industry as industry_code,
        campaigns.valid_from,
        campaigns.valid_to,
        campaigns.counted_until,
        counted.target_units,
        counted.reached_units,
        counted.target_units - counted.reached_units as missing_units,
        counted.recently_reached_units,
        cast(coalesce(visits_counted.visits, 0) as bigint) as visits,
        cast(coalesce(hazards_counted.major_hazards, 0) as bigint) as major_hazards,
        cast(coalesce(hazards_counted.major_hazards_rechecked, 0) as bigint) as major_hazards_rechecked,
        cast(coalesce(hazards_counted.major_hazards_refused, 0) as bigint) as major_hazards_refused,
        cast(coalesce(hazards_counted.refusals_reported, 0) as bigint) as refusals_reported,
        {{ ratio('counted.reached_units', 'counted.target_units') }} as progress,
        cast(campaigns.target as double) as target,
        campaigns.source_doc || ' ' || campaigns.article as clause,
        campaigns.as_of
    from counted
    inner join campaigns
        on counted.campaign_code = campaigns.campaign_code
    left join visits_counted
        on counted.campaign_code = visits_counted.campaign_code
        and counted.cell_district = visits_counted.cell_district
        and counted.cell_industry = visits_counted.cell_industry
    left join hazards_counted
        on counted.campaign_code = hazards_counted.campaign_code
        and counted.cell_district = hazards_counted.cell_district
        and counted.cell_industry = hazards_counted.cell_industry
)

select * from final
