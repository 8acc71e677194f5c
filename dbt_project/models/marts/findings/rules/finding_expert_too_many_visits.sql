-- 虚列费用: one expert, more on-site visits in a day than a person can make (domain.md 9.2). Each insurer that had one of them is told.
with

visits as (
    select * from {{ ref('int_service_expert') }} where form = '线下'
),

-- Nearly everybody makes few visits a day: only the other days are looked at more closely.
busy as (
    select
        expert_hash,
        finished_on,
        count(*) as visits
    from visits
    group by expert_hash, finished_on
    having count(*) > 1
),

days as (
    select
        visits.expert_hash,
        visits.finished_on,
        visits.insurer_code,
        max(busy.visits) as visits,
        -- A number has no blanks, so that this is the order of numbers, then of senders.
        min_by(visits.provider || '/' || visits.service_no, visits.service_no || ' ' || visits.provider) as first_service,
        max_by(visits.provider || '/' || visits.service_no, visits.service_no || ' ' || visits.provider) as last_service
    from visits
    inner join busy
        on visits.expert_hash = busy.expert_hash
        and visits.finished_on = busy.finished_on
    group by visits.expert_hash, visits.finished_on, visits.insurer_code
),

-- Experts who travel together end with the same visit: it is told once, of the busiest.
told as (
    select
        *,
        row_number() over (partition by last_service order by visits desc, first_service, expert_hash) as place
    from days
)

select
    {{ finding(
        'expert_too_many_visits', 'services', feed='service_record', key='services.service_no', found_on='told.finished_on',
        evidence="'service_record:' || told.last_service || '；service_record:' || told.first_service",
        value_1='told.visits', value_2='told.finished_on', unit='services.insured_uscc'
    ) }}
from told
inner join {{ ref('fct_service') }} as services
    on told.last_service = services.provider || '/' || services.service_no
where told.place = 1 and told.visits > {{ finding_threshold('expert_too_many_visits', 'told.finished_on', 'services.jurisdiction', 'services.industry_code') }}
