-- An entrusted organisation that is not registered, or whose qualification did not hold on the day (威应急发〔2023〕11号 二(六)).
select
    {{ finding(
        'organisation_not_qualified', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || coalesce('；service_org:' || services.registered_uscc, '')",
        value_1='services.service_org_uscc', value_2='services.finished_on', unit='services.insured_uscc'
    ) }}
from {{ ref('int_entrusted_service') }} as services
where not services.is_qualified
