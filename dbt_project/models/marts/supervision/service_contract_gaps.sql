{{ config(materialized='view') }}
-- 服务合同差距: policies in force this year that have got fewer visits than their contract owes for its days of this year by now, or on-line ones only where on-site ones are agreed (威应急发〔2023〕11号 四(二)).
with

fulfilment as (
    select * from {{ ref('evidence_fulfilment') }}
),

policies as (
    select * from {{ ref('fct_policy') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

visits as (
    select
        services.policy_provider,
        services.policy_no,
        sum(case when services.form = '线下' then 1 else 0 end) as onsite,
        max(services.finished_on) as last_service_on
    from {{ ref('evidence_service') }} as services
    inner join as_of
        on services.stat_year = {{ year_of('as_of.as_of') }}
    group by services.policy_provider, services.policy_no
),

behind as (
    select
        fulfilment.*,
        policies.service_items,
        policies.service_form,
        policies.cover_end,
        policies.cover_end < as_of.as_of as is_over,
        coalesce(visits.onsite, 0) as onsite,
        visits.last_service_on
    from fulfilment
    inner join as_of
        on fulfilment.stat_year = {{ year_of('as_of.as_of') }}
    inner join policies
        on fulfilment.provider = policies.provider
        and fulfilment.policy_no = policies.policy_no
    left join visits
        on fulfilment.provider = visits.policy_provider
        and fulfilment.policy_no = visits.policy_no
    where
        -- Less than one whole visit is not owed yet.
        fulfilment.contracted - fulfilment.fulfilled >= 1
        or (policies.service_form like '%线下%' and fulfilment.completed > 0 and coalesce(visits.onsite, 0) = 0)
),

-- Of these policies alone: nearly all others lack some item too.
missing_items as (
    select
        gaps.provider,
        gaps.policy_no,
        {{ joined_values('gaps.item_name') }} as missing_items
    from {{ ref('service_item_gaps') }} as gaps
    inner join behind
        on gaps.provider = behind.provider
        and gaps.policy_no = behind.policy_no
    group by gaps.provider, gaps.policy_no
),

final as (
    select
        behind.jurisdiction,
        behind.stat_year,
        behind.district_code,
        behind.industry_code,
        behind.insurer_code,
        behind.insured_uscc,
        behind.provider,
        behind.policy_no,
        behind.service_items,
        behind.service_form,
        missing_items.missing_items,
        cast(behind.service_frequency as bigint) as agreed_visits,
        behind.contracted as owed_visits,
        cast(behind.completed as bigint) as completed_visits,
        cast(behind.onsite as bigint) as onsite_visits,
        behind.contracted - behind.fulfilled as missing_visits,
        behind.last_service_on,
        behind.cover_end,
        behind.is_over,
        case
            when behind.completed = 0 then '尚无服务'
            when behind.service_form like '%线下%' and behind.onsite = 0 then '约定线下，只有线上'
            else '次数不足'
        end as gap,
        behind.file_id,
        behind.sheet,
        behind.line_no
    from behind
    left join missing_items
        on behind.provider = missing_items.provider
        and behind.policy_no = missing_items.policy_no
)

select * from final
