-- 合同履约（保障终止）: each policy whose cover has ended: the visits agreed, pro rata to the cover, whole ones owed, done, by form and
-- item, and how the sender settles what is missing (trust.md 4, Promised visits; 威应急发〔2023〕11号 四(二)).
-- Less than one whole visit is not owed; a contract without visits owes none and is a finding of its own (no_service_agreed).
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

ended as (
    select
        policies.*,
        as_of.as_of,
        cast(
            cast(coalesce(policies.service_frequency, 0) as double)
            * {{ days_inclusive('policies.inception_date', 'policies.cover_end') }}
            / {{ days_inclusive('policies.inception_date', 'policies.expiry_date') }}
            as decimal(18, 6)
        ) as agreed_visits
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    -- One surrendered before its first day covered nobody.
    where policies.is_valid and policies.cover_end < as_of.as_of and policies.cover_end >= policies.inception_date
),

visits as (
    select
        services.policy_provider,
        services.policy_no,
        count(*) as completed,
        sum(case when services.form = '线下' then 1 else 0 end) as onsite,
        {{ joined_values('items.name') }} as delivered_items,
        max(services.finished_on) as last_service_on,
        {{ joined_values("'service_record:' || services.provider || '/' || services.service_no", '；') }} as visit_keys
    from {{ ref('fct_service') }} as services
    inner join {{ ref('ref_service_item') }} as items
        on services.item = items.item_code
    where services.is_completed and services.has_valid_policy
    group by services.policy_provider, services.policy_no
),

missing as (
    select
        provider,
        policy_no,
        {{ joined_values('item_name') }} as missing_items
    from {{ ref('service_item_gaps') }}
    where is_over
    group by provider, policy_no
),

counted as (
    select
        ended.*,
        cast(floor(ended.agreed_visits) as bigint) as owed_visits,
        cast(coalesce(visits.completed, 0) as bigint) as completed_visits,
        cast(coalesce(visits.onsite, 0) as bigint) as onsite_visits,
        visits.delivered_items,
        missing.missing_items,
        visits.last_service_on,
        visits.visit_keys
    from ended
    left join visits
        on ended.provider = visits.policy_provider
        and ended.policy_no = visits.policy_no
    left join missing
        on ended.provider = missing.provider
        and ended.policy_no = missing.policy_no
),

final as (
    select
        counted.jurisdiction,
        {{ year_of('counted.cover_end') }} as stat_year,
        counted.district_code,
        counted.industry_code,
        counted.insurer_code,
        insurers.name as insurer_name,
        counted.insured_uscc,
        units.name as unit_name,
        counted.provider,
        counted.policy_no,
        counted.inception_date,
        counted.expiry_date,
        counted.cover_end,
        counted.premium_received,
        counted.service_frequency,
        counted.service_form,
        counted.service_items,
        counted.agreed_visits,
        counted.owed_visits,
        counted.completed_visits,
        counted.onsite_visits,
        counted.completed_visits - counted.onsite_visits as online_visits,
        greatest(counted.owed_visits - counted.completed_visits, 0) as missing_visits,
        counted.delivered_items,
        counted.missing_items,
        counted.last_service_on,
        case
            when coalesce(counted.service_frequency, 0) = 0 then '没有约定'
            when counted.completed_visits >= counted.owed_visits then '已履行'
            when counted.completed_visits = 0 then '没有服务'
            else '次数不足'
        end as state,
        counted.unserved_settlement as settlement,
        counted.unserved_refund as refund,
        'policy:' || counted.provider || '/' || counted.policy_no || coalesce('；' || counted.visit_keys, '') as evidence_keys,
        counted.as_of,
        counted.file_id,
        counted.sheet,
        counted.line_no
    from counted
    inner join {{ ref('ref_insurer') }} as insurers
        on counted.insurer_code = insurers.insurer_code
    left join {{ ref('dim_unit') }} as units
        on counted.insured_uscc = units.uscc
)

select * from final
