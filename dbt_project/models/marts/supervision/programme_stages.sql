-- 工作阶段: the stages of a city's programme (ref_stage), and what was done in each: plans, meetings, inspections, services, reports
-- (威应急发〔2023〕11号 三(二)).
with

stages as (
    select * from {{ ref('ref_stage') }}
),

happened as (
    select
        providers.jurisdiction,
        documents.doc_date as day,
        case documents.kind when '实施方案' then 'plans' when '会议' then 'meetings' when '总结评估报告' then 'reports' end as what
    from {{ ref('fct_document') }} as documents
    inner join {{ ref('ref_provider') }} as providers
        on documents.provider = providers.provider

    union all

    select
        providers.jurisdiction,
        inspections.inspected_on as day,
        'inspections' as what
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('ref_provider') }} as providers
        on inspections.provider = providers.provider

    union all

    select
        jurisdiction,
        finished_on as day,
        'services' as what
    from {{ ref('fct_service') }}
    where is_completed and has_valid_policy
),

final as (
    select
        stages.jurisdiction,
        stages.stage_code,
        stages.name,
        stages.starts_on,
        stages.ends_on,
        case
            when stages.starts_on > today.as_of then '未开始'
            when stages.ends_on < today.as_of then '已结束'
            else '进行中'
        end as state,
        {%- for what in ['plans', 'meetings', 'inspections', 'services', 'reports'] %}
        cast(coalesce(sum(case when happened.what = '{{ what }}' then 1 else 0 end), 0) as bigint) as {{ what }},
        {%- endfor %}
        stages.source_doc || ' ' || stages.article as clause
    from stages
    cross join {{ ref('int_as_of') }} as today
    left join happened
        on stages.jurisdiction = happened.jurisdiction
        and happened.day between stages.starts_on and least(stages.ends_on, today.as_of)
    group by
        stages.jurisdiction, stages.stage_code, stages.name, stages.starts_on, stages.ends_on, stages.source_doc, stages.article, today.as_of
)

select * from final
