-- An expert without a registered certificate, or one that had run out on the day (AQ 9010-2019, 7.1).
-- Only where a register of experts has been sent for the city: without one nobody could be found in it.
with

registers as (
    select distinct providers.jurisdiction
    from {{ ref('dim_expert') }} as experts
    inner join {{ ref('ref_provider') }} as providers
        on experts.provider = providers.provider
),

visits as (
    select
        visits.provider,
        visits.service_no,
        count(*) as unqualified
    from {{ ref('int_service_expert') }} as visits
    inner join registers
        on visits.jurisdiction = registers.jurisdiction
    left join {{ ref('dim_expert') }} as experts
        on visits.expert_hash = experts.certificate_hash
    where experts.certificate_hash is null or experts.valid_to < visits.finished_on
    group by visits.provider, visits.service_no
)

select
    {{ finding(
        'expert_not_qualified', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；policy:' || services.policy_provider || '/' || services.policy_no",
        value_1='services.finished_on', unit='services.insured_uscc'
    ) }}
from {{ ref('fct_service') }} as services
inner join visits
    on services.provider = visits.provider
    and services.service_no = visits.service_no
