-- 虚列费用: one expert, more on-site visits in a day than a person can make (domain.md 9.2).
with

visits as (
    select * from {{ ref('int_service_expert') }} where form = '线下'
),

-- Nearly everybody makes few visits a day: only the other days are looked at more closely.
busy as (
    select
        expert_hash,
        finished_on
    from visits
    group by expert_hash, finished_on
    having count(*) > 1
),

days as (
    select
        visits.expert_hash,
        visits.finished_on,
        count(distinct visits.service_no) as visits,
        min(visits.service_no) as first_service_no,
        max(visits.service_no) as last_service_no
    from visits
    inner join busy
        on visits.expert_hash = busy.expert_hash
        and visits.finished_on = busy.finished_on
    group by visits.expert_hash, visits.finished_on
)

select
    {{ finding(
        'expert_too_many_visits', 'services', feed='service_record', key='services.service_no', found_on='days.finished_on',
        evidence="'service_record:' || days.last_service_no || '；service_record:' || days.first_service_no",
        value_1='days.visits', value_2='days.finished_on'
    ) }}
from days
inner join {{ ref('fct_service') }} as services
    on days.last_service_no = services.service_no
where days.visits > {{ finding_threshold('expert_too_many_visits', 'days.finished_on') }}
