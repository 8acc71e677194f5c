-- 事故预防服务: the version of each service that counts, with the district and industry of its policy: one of its sender's, or
-- one its sender co-insures. A service for a unit other than the policy's counts nowhere.
-- A service organisation may tell what it did for the insurer that entrusted it: it is of that insurer's policy (`insurer_provider`), and
-- counts unless the insurer tells of the same visit itself (its number, or policy, unit, item and day).
-- Completed = status 已完成 and confirmed by both sides (feeds.md, service_record).
with

services as (
    {{ newest_versions('service_record') }}
),

entrusting as (
    select
        organisations.provider as sender,
        insurers.insurer_code,
        insurers.provider as insurer_provider
    from {{ ref('ref_provider') }} as organisations
    inner join {{ ref('ref_provider') }} as insurers
        on organisations.jurisdiction = insurers.jurisdiction
    where organisations.kind = 'service_org' and insurers.kind = 'insurer'
),

-- Few rows: what organisations tell.
entrusted as (
    select
        services.*,
        entrusting.insurer_provider,
        row_number() over (
            partition by entrusting.insurer_provider, services.service_no order by services.received_at, services.provider
        ) as place_of_number,
        row_number() over (
            partition by entrusting.insurer_provider, services.service_no, services.policy_no order by services.received_at, services.provider
        ) as place_of_visit
    from services
    inner join entrusting
        on services.provider = entrusting.sender
        and services.insurer_code = entrusting.insurer_code
),

told_twice as (
    select distinct
        entrusted.provider,
        entrusted.service_no
    from entrusted
    inner join services as own
        on entrusted.insurer_provider = own.provider
        and entrusted.policy_no = own.policy_no
    where entrusted.service_no = own.service_no
        or (
            entrusted.insured_uscc = own.insured_uscc and entrusted.item = own.item
            and cast(entrusted.finished_at as date) = cast(own.finished_at as date)
        )

    union

    select
        provider,
        service_no
    from entrusted
    where place_of_visit > 1
),

-- Two senders may give one number; what an insurer calls by it is its own, else the first that came.
called_by_its_insurer as (
    select
        entrusted.provider,
        entrusted.service_no
    from entrusted
    left join services as own
        on entrusted.insurer_provider = own.provider
        and entrusted.service_no = own.service_no
    where entrusted.place_of_number = 1 and own.service_no is null
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
        services.channel,
        services.activity,
        services.reach,
        services.equipment,
        services.location is not null or services.longitude is not null as has_location,
        services.content is not null as has_content,
        case when told_twice.service_no is null then coalesce(entrusted.insurer_provider, services.provider) end as insurer_provider,
        told_twice.service_no is not null as is_told_twice,
        entrusted.service_no is null or called_by_its_insurer.service_no is not null as is_its_insurers_number,
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
        coalesce(policies.is_valid and policies.insured_uscc = services.insured_uscc and told_twice.service_no is null, false) as has_valid_policy
    from services
    left join entrusted
        on services.provider = entrusted.provider
        and services.service_no = entrusted.service_no
    left join told_twice
        on services.provider = told_twice.provider
        and services.service_no = told_twice.service_no
    left join called_by_its_insurer
        on services.provider = called_by_its_insurer.provider
        and services.service_no = called_by_its_insurer.service_no
    left join shared
        on coalesce(entrusted.insurer_provider, services.provider) = shared.provider
        and services.policy_no = shared.policy_no
    left join policies
        on coalesce(shared.policy_provider, entrusted.insurer_provider, services.provider) = policies.provider
        and services.policy_no = policies.policy_no
)

select * from final
