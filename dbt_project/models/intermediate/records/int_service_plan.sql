-- 年度服务方案: newest known plan of each insurer's branch (sender), year and unit; no unit = the branch's own plan.
with

plans as (
    {{ newest_versions('service_plan') }}
),

providers as (
    select * from {{ ref('ref_provider') }}
),

final as (
    select
        plans.*,
        providers.jurisdiction,
        plans.insurer_code || '|' || cast(plans.plan_year as string) || '|' || coalesce(plans.insured_uscc, '') as record_key
    from plans
    inner join providers
        on plans.provider = providers.provider
)

select * from final
