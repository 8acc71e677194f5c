-- 虚列费用: one expert on site in two distant places on one day (domain.md 9.2). Without positions, in two cities.
with

visits as (
    select * from {{ ref('int_service_expert') }} where form = '线下'
),

pairs as (
    select
        visits.service_no,
        visits.finished_on,
        others.service_no as other_service_no,
        visits.jurisdiction <> others.jurisdiction as is_other_city,
        {{ distance_km('visits.longitude', 'visits.latitude', 'others.longitude', 'others.latitude') }} as distance
    from visits
    inner join visits as others
        on visits.expert_hash = others.expert_hash
        and visits.finished_on = others.finished_on
        and visits.service_no > others.service_no
),

distant as (
    select
        service_no,
        min(other_service_no) as other_service_no,
        max(distance) as distance
    from pairs
    where distance > {{ finding_threshold('expert_two_places', 'pairs.finished_on') }} or (distance is null and is_other_city)
    group by service_no
)

select
    {{ finding(
        'expert_two_places', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.service_no || '；service_record:' || distant.other_service_no",
        value_1='distant.other_service_no', value_2='cast(distant.distance as decimal(9, 0))'
    ) }}
from {{ ref('fct_service') }} as services
inner join distant
    on services.service_no = distant.service_no
