-- 挪用: the visited unit had no valid cover of the field with this insurer on the day (应急〔2025〕27号; 无锡 2023: only insured units).
-- Visits under void policies too; of a co-insured policy the leader's cover is the follower's.
with

visits as (
    select * from {{ ref('fct_service') }} where is_completed and industry_code is not null and not is_of_another_unit
),

covered as (
    select distinct
        visits.provider,
        visits.service_no
    from visits
    inner join {{ ref('fct_policy') }} as policies
        on visits.insured_uscc = policies.insured_uscc
        and visits.industry_code = policies.industry_code
        and visits.finished_on between policies.inception_date and policies.cover_end
    where policies.is_valid
        and (visits.insurer_code = policies.insurer_code or visits.policy_provider = policies.provider)
),

-- 待核: the unit's last cover of the field ended after the data of its insurer do (trust.md 3).
unsure as (
    select distinct
        visits.provider,
        visits.service_no
    from visits
    inner join {{ ref('int_pending_cover') }} as covers
        on visits.insured_uscc = covers.insured_uscc
        and visits.industry_code = covers.industry_code
        and {{ is_pending_on('visits.finished_on', 'covers') }}
)

select
    {{ finding(
        'served_not_insured', 'services', feed='service_record', key='services.service_no',
        found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；policy:' || services.policy_provider || '/' || services.policy_no",
        value_1="services.finished_on", unit='services.insured_uscc'
    ) }}
from visits as services
left join covered
    on services.provider = covered.provider
    and services.service_no = covered.service_no
left join unsure
    on services.provider = unsure.provider
    and services.service_no = unsure.service_no
where covered.service_no is null and unsure.service_no is null
