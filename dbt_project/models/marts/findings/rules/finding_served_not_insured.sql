-- 挪用: the visited unit had no cover with this insurer on the day (应急〔2025〕27号; 无锡 2023: only insured units).
select
    'served_not_insured' as rule_code,
    services.jurisdiction,
    services.district_code,
    services.industry_code,
    services.insurer_code,
    '承保机构' as subject_type,
    services.insurer_code as subject_code,
    services.finished_on as found_on,
    cast(null as decimal(18, 2)) as amount,
    'service_record' as feed,
    services.service_no as record_key,
    'service_record:' || services.service_no || '；policy:' || services.policy_no as evidence_keys,
    services.insured_uscc as value_1,
    cast(services.finished_on as varchar) as value_2,
    services.file_id,
    services.sheet,
    services.line_no
from {{ ref('int_service') }} as services
left join (
    select
        services_covered.service_no,
        count(*) as covers
    from {{ ref('int_service') }} as services_covered
    inner join {{ ref('int_policy') }} as policies
        on services_covered.insured_uscc = policies.insured_uscc
        and services_covered.finished_on between policies.inception_date and policies.cover_end
    where policies.is_valid
    group by services_covered.service_no
) as covered
    on services.service_no = covered.service_no
where services.is_completed and services.has_valid_policy and covered.service_no is null
