-- 挪用: the visited unit had no cover with this insurer on the day (应急〔2025〕27号; 无锡 2023: only insured units).
select
    {{ finding(
        'served_not_insured', 'services', feed='service_record', key='services.service_no',
        found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；policy:' || services.policy_provider || '/' || services.policy_no",
        value_1="services.insured_uscc", value_2="services.finished_on"
    ) }}
from {{ ref('fct_service') }} as services
left join (
    select
        services_covered.provider,
        services_covered.service_no,
        count(*) as covers
    from {{ ref('fct_service') }} as services_covered
    inner join {{ ref('fct_policy') }} as policies
        on services_covered.insured_uscc = policies.insured_uscc
        and services_covered.finished_on between policies.inception_date and policies.cover_end
    where policies.is_valid
    group by services_covered.provider, services_covered.service_no
) as covered
    on services.provider = covered.provider
    and services.service_no = covered.service_no
-- 待核: the unit's last cover ended after the data of its insurer do (trust.md 3).
left join (
    select distinct
        services_unsure.provider,
        services_unsure.service_no
    from {{ ref('fct_service') }} as services_unsure
    inner join {{ ref('int_pending_cover') }} as covers
        on services_unsure.insured_uscc = covers.insured_uscc
        and {{ is_pending_on('services_unsure.finished_on', 'covers') }}
) as unsure
    on services.provider = unsure.provider
    and services.service_no = unsure.service_no
where services.is_completed and services.has_valid_policy and covered.service_no is null and unsure.service_no is null
