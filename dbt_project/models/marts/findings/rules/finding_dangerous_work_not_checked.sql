-- Hot work and other dangerous work, and outsourcing, are key points of every on-site check (沪安委办〔2023〕32号 一(二)):
-- neither the record of the visit nor its hazards speak of them.
with

scenes as (
    select
        provider,
        service_no,
        max(case when scene = '动火' then 1 else 0 end) as hot_work,
        max(case when scene = '外包外租' then 1 else 0 end) as outsourcing
    from {{ ref('fct_hazard') }}
    where service_no is not null
    group by provider, service_no
),

visits as (
    select
        services.*,
        services.mentions_hot_work or coalesce(scenes.hot_work, 0) = 1 as has_hot_work,
        services.mentions_outsourcing or coalesce(scenes.outsourcing, 0) = 1 as has_outsourcing
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
        evidence="'service_record:' || visits.provider || '/' || visits.service_no || '；policy:' || visits.policy_provider || '/' || visits.policy_no", value_1='visits.insured_uscc',
        value_2="case when visits.has_hot_work then '外包外租' when visits.has_outsourcing then '动火' else '动火和外包外租' end"
    ) }}
from visits
where not (visits.has_hot_work and visits.has_outsourcing)
