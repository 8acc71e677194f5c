{{ config(materialized='view') }}
-- 服务合同差距: policies of the current year that have got fewer visits than their contract, pro-rated to the
-- elapsed term, owes by now, or on-line ones only where on-site ones are agreed (威应急发〔2023〕11号 四(二)).
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
        stat_year,
        policy_no,
        sum(case when form = '线下' then 1 else 0 end) as onsite,
        max(finished_on) as last_service_on
    from {{ ref('evidence_service') }}
    group by stat_year, policy_no
),

missing_items as (
    select
        policy_no,
        {{ joined_values('item_name') }} as missing_items
    from {{ ref('service_item_gaps') }}
    group by policy_no
),

final as (
    select
        fulfilment.jurisdiction,
        fulfilment.stat_year,
        fulfilment.district_code,
        fulfilment.industry_code,
        fulfilment.insurer_code,
        fulfilment.insured_uscc,
        fulfilment.policy_no,
        policies.service_items,
        policies.service_form,
        missing_items.missing_items,
        cast(fulfilment.contracted_full_term as bigint) as agreed_visits,
        fulfilment.contracted as owed_visits,
        cast(fulfilment.completed as bigint) as completed_visits,
        cast(coalesce(visits.onsite, 0) as bigint) as onsite_visits,
        fulfilment.contracted - fulfilment.fulfilled as missing_visits,
        visits.last_service_on,
        policies.cover_end,
        policies.cover_end < as_of.as_of as is_over,
        case
            when fulfilment.completed = 0 then '尚无服务'
            when policies.service_form = '线下' and coalesce(visits.onsite, 0) = 0 then '约定线下，只有线上'
            else '次数不足'
        end as gap,
        fulfilment.file_id,
        fulfilment.sheet,
        fulfilment.line_no
    from fulfilment
    cross join as_of
    inner join policies
        on fulfilment.policy_no = policies.policy_no
    left join visits
        on fulfilment.stat_year = visits.stat_year
        and fulfilment.policy_no = visits.policy_no
    left join missing_items
        on fulfilment.policy_no = missing_items.policy_no
    where fulfilment.stat_year = {{ year_of('as_of.as_of') }}
        and (
            -- Less than one whole visit is not owed yet.
            fulfilment.contracted - fulfilment.fulfilled >= 1
            or (policies.service_form = '线下' and fulfilment.completed > 0 and coalesce(visits.onsite, 0) = 0)
        )
)

select * from final
