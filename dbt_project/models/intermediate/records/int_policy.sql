-- 保单: newest known version of each policy, whether it is valid, and until when it covers.
-- Valid (metrics.md, Sets): product counts as 安责险, not 注销, no 批单 turning it void.
-- Cover = [inception, min(expiry, surrender)] inclusive.
with

policies as (
    {{ newest_versions(ref('stg_insurer__policy'), ['policy_no']) }}
),

surrenders as (
    select
        policy_no,
        min(effective_date) as surrendered_on
    from {{ ref('fct_endorsement') }}
    where type = '退保'
    group by policy_no
),

districts as (
    select * from {{ ref('ref_district') }}
),

products as (
    select * from {{ ref('ref_product') }}
),

judged as (
    select
        policies.*,
        districts.jurisdiction,
        surrenders.surrendered_on,
        case
            when not products.is_anzexian then '险种不属安责险'
            when policies.status = '注销' then '保单自始注销'
            when surrenders.surrendered_on <= policies.inception_date then '批单自起保退保'
        end as invalid_reason
    from policies
    inner join districts
        on policies.district_code = districts.district_code
    inner join products
        on policies.product_code = products.product_code
    left join surrenders
        on policies.policy_no = surrenders.policy_no
),

final as (
    select
        *,
        invalid_reason is null as is_valid,
        least(
            expiry_date,
            coalesce(case when status = '退保' then status_date end, expiry_date),
            coalesce(surrendered_on, expiry_date)
        ) as cover_end
    from judged
)

select * from final
