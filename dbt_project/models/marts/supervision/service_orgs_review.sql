-- 技术服务机构核查: each organisation registered or entrusted, its qualification now, its visits, those on days it was
-- not qualified, and their quality (威应急发〔2023〕11号 二(六); 沪安委办〔2023〕32号 一(二)).
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

organisations as (
    select
        organisations.*,
        providers.jurisdiction
    from {{ ref('dim_service_org') }} as organisations
    inner join {{ ref('ref_provider') }} as providers
        on organisations.provider = providers.provider
),

visits as (
    select
        jurisdiction,
        service_org_uscc as uscc,
        count(*) as services,
        count(distinct insured_uscc) as units,
        count(distinct insurer_code) as insurers,
        sum(case when is_qualified then 0 else 1 end) as unqualified_services,
        sum(case when evidence_count > 0 then 0 else 1 end) as services_without_evidence,
        sum(satisfaction) as satisfaction_points,
        count(satisfaction) as satisfaction_answers,
        sum(case when item = 'hazard_check' then 1 else 0 end) as hazard_checks,
        sum(case when item = 'hazard_check' then hazards_found else 0 end) as hazards_found,
        max(finished_on) as last_service_on
    from {{ ref('int_entrusted_service') }}
    where service_org_uscc is not null
    group by jurisdiction, service_org_uscc
),

experts as (
    select
        experts.org_uscc as uscc,
        count(*) as experts,
        sum(case when experts.valid_to < as_of.as_of then 1 else 0 end) as expired_experts
    from {{ ref('dim_expert') }} as experts
    cross join as_of
    group by experts.org_uscc
),

final as (
    select
        coalesce(visits.jurisdiction, organisations.jurisdiction) as jurisdiction,
        coalesce(visits.uscc, organisations.uscc) as uscc,
        organisations.name,
        organisations.qualification,
        organisations.valid_from,
        organisations.valid_to,
        organisations.audit_date,
        organisations.audit_result,
        case
            when organisations.uscc is null then '未登记'
            when organisations.audit_result like '%不合格%' then '审核不合格'
            when organisations.valid_to < as_of.as_of then '资质已失效'
            when organisations.valid_from > as_of.as_of then '资质未生效'
            else '有效'
        end as state,
        organisations.technicians,
        cast(coalesce(experts.experts, 0) as bigint) as experts,
        cast(coalesce(experts.expired_experts, 0) as bigint) as expired_experts,
        cast(coalesce(visits.services, 0) as bigint) as services,
        cast(coalesce(visits.units, 0) as bigint) as units,
        cast(coalesce(visits.insurers, 0) as bigint) as insurers,
        cast(coalesce(visits.unqualified_services, 0) as bigint) as unqualified_services,
        cast(coalesce(visits.services_without_evidence, 0) as bigint) as services_without_evidence,
        {{ ratio('visits.satisfaction_points', 'visits.satisfaction_answers') }} as satisfaction,
        {{ ratio('visits.hazards_found', 'visits.hazard_checks') }} as hazards_per_check,
        visits.last_service_on,
        as_of.as_of,
        organisations.file_id,
        organisations.sheet,
        organisations.line_no
    from visits
    full outer join organisations
        on visits.uscc = organisations.uscc
        and visits.jurisdiction = organisations.jurisdiction
    cross join as_of
    left join experts
        on coalesce(visits.uscc, organisations.uscc) = experts.uscc
)

select * from final
