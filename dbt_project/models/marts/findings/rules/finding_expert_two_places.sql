-- 虚列费用: one expert on site in two distant places on one day (domain.md 9.2). Without positions, in two cities.
with

visits as (
    select * from {{ ref('int_service_expert') }} where form = '线下'
),

pairs as (
    select
        visits.provider,
        visits.service_no,
        visits.finished_on,
        visits.jurisdiction,
        others.provider || '/' || others.service_no as other_service,
        visits.jurisdiction <> others.jurisdiction as is_other_city,
        {{ distance_km('visits.longitude', 'visits.latitude', 'others.longitude', 'others.latitude') }} as distance
    from visits
    inner join visits as others
        on visits.expert_hash = others.expert_hash
        and visits.finished_on = others.finished_on
        -- The later of two by number; of two insurers both are told.
        and (
            visits.insurer_code <> others.insurer_code
            or visits.service_no > others.service_no
            or (visits.service_no = others.service_no and visits.provider > others.provider)
        )
),

distant as (
    select
        provider,
        service_no,
        min(other_service) as other_service,
        max(distance) as distance
    from pairs
    where distance > {{ finding_threshold('expert_two_places', 'pairs.finished_on', 'pairs.jurisdiction') }} or (distance is null and is_other_city)
    group by provider, service_no
)

select
    {{ finding(
        'expert_two_places', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；service_record:' || distant.other_service",
        value_1=own_number('distant.other_service'), value_2='cast(distant.distance as decimal(9, 0))', unit='services.insured_uscc'
    ) }}
from {{ ref('fct_service') }} as services
inner join distant
    on services.provider = distant.provider
    and services.service_no = distant.service_no
