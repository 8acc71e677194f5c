-- 事故预防服务: the version of each service that counts, with the district and industry of its policy: one of its sender's, or
-- one its sender co-insures. A service for a unit other than the policy's counts nowhere.
-- Completed = status 已完成 and confirmed by both sides (feeds.md, service_record).
with

services as (
    {{ newest_versions('service_record') }}
),

policies as (
    select * from {{ ref('fct_policy') }}
),

shared as (
    select * from {{ ref('int_shared_policy') }}
),

final as (
    select
        services.service_no,
        services.policy_no,
        services.insurer_code,
        services.insured_uscc,
        services.item,
        services.form,
        services.provider_type,
        services.service_org_uscc,
        services.experts as expert_hash,
        services.checked_work,
        services.planned_date,
        services.appointed_at,
        services.started_at,
        services.started_has_time,
        services.finished_at,
        services.longitude,
        services.latitude,
        services.participants,
        services.hazards_found,
        services.evidence_count,
        services.evidence_hashes,
        services.insured_confirmed_at,
        services.insurer_confirmed_at,
        services.revisit_date,
        services.satisfaction,
        services.archived_at,
        services.status,
        services.campaign,
        services.provider,
        services.received_at,
        services.file_id,
        services.sheet,
        services.line_no,
        policies.provider as policy_provider,
        policies.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.inception_date,
        cast(services.finished_at as date) as finished_on,
        {{ names_any(work_spoken_of('services'), dangerous_work()) }} as checked_dangerous_work,
        {{ names_any(work_spoken_of('services'), contracted_out()) }} as checked_contracting,
        services.status = '已完成'
        and services.insured_confirmed_at is not null
        and services.insurer_confirmed_at is not null as is_completed,
        coalesce(policies.insured_uscc <> services.insured_uscc, false) as is_of_another_unit,
        coalesce(policies.is_valid and policies.insured_uscc = services.insured_uscc, false) as has_valid_policy
    from services
    left join shared
        on services.provider = shared.provider
        and services.policy_no = shared.policy_no
    left join policies
        on coalesce(shared.policy_provider, services.provider) = policies.provider
        and services.policy_no = policies.policy_no
)

select * from final
