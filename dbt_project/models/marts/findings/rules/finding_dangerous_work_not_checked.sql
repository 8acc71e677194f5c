-- Hot work and other dangerous work, and contracting out, are key points of every on-site check (沪安委办〔2023〕32号 一(二)):
-- neither what the record says was checked nor the hazards of the visit speak of them.
with

scenes as (
    select
        provider,
        service_no,
        max(case when {{ names_any('scene', dangerous_work()) }} then 1 else 0 end) as dangerous,
        max(case when {{ names_any('scene', contracted_out()) }} then 1 else 0 end) as contracted
    from {{ ref('fct_hazard') }}
    where service_no is not null
    group by provider, service_no
),

visits as (
    select
        services.*,
        services.checked_dangerous_work or coalesce(scenes.dangerous, 0) = 1 as has_dangerous,
        services.checked_contracting or coalesce(scenes.contracted, 0) = 1 as has_contracting
    from {{ ref('fct_service') }} as services
    left join scenes
        on services.provider = scenes.provider
        and services.service_no = scenes.service_no
    where services.is_completed and services.has_valid_policy
        and services.form = '线下' and services.item = 'hazard_check'
)

select
    {{ finding(
        'dangerous_work_not_checked', 'visits', feed='service_record', key='visits.service_no', found_on='visits.finished_on',
        evidence="'service_record:' || visits.provider || '/' || visits.service_no || '；policy:' || visits.policy_provider || '/' || visits.policy_no",
        value_1="case when visits.has_dangerous then '外包外租' when visits.has_contracting then '动火等危险作业' else '动火等危险作业和外包外租' end",
        unit='visits.insured_uscc'
    ) }}
from visits
where not (visits.has_dangerous and visits.has_contracting)
