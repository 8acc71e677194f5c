-- 保单: the version of each policy that counts, whether it is valid, and until when it covers.
-- Valid (metrics.md, Sets): product counts as 安责险, not 注销, no 批单 turning it void, not a follower's copy of the lead's.
-- Cover = [inception, min(expiry, surrender)] inclusive; a policy surrendered before its first day has none.
with

policies as (
    {{ newest_versions('policy') }}
),

surrenders as (
    select
        provider,
        policy_no,
        min(effective_date) as surrendered_on
    from {{ ref('fct_endorsement') }}
    where type = '退保'
    group by provider, policy_no
),

districts as (
    select * from {{ ref('ref_district') }}
),

products as (
    select * from {{ ref('ref_product') }}
),

copies as (
    select * from {{ ref('int_policy_copy') }}
),

judged as (
    select
        policies.*,
        districts.jurisdiction,
        surrenders.surrendered_on,
        copies.leader_provider,
        coalesce(awaiting.awaits, false) as awaits_confirmation,
        case
            when copies.leader_provider is not null then '从共保人报送的副本，以首席保单为准'
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
        on policies.provider = surrenders.provider
        and policies.policy_no = surrenders.policy_no
    left join copies
        on policies.provider = copies.provider
        and policies.policy_no = copies.policy_no
    left join ({{ awaiting('policy') }}) as awaiting
        on policies.provider = awaiting.provider
        and policies.policy_no = awaiting.record_key
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
