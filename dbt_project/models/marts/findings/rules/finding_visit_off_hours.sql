-- On-site visit on a day off or at night (domain.md 9.2): outside the hours of ref_rule, or no working day.
select
    'visit_off_hours' as rule_code,
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
    cast(services.started_at as varchar) as value_2,
    services.file_id,
    services.sheet,
    services.line_no
from {{ ref('int_service') }} as services
inner join {{ ref('dim_date') }} as days
    on cast(services.started_at as date) = days.day
where services.is_completed and services.form = '线下'
    and (
        not days.is_working_day
        or extract(hour from services.started_at) < {{ rule_value('visit_earliest_hour', 'days.day') }}
        or extract(hour from services.started_at) >= {{ rule_value('visit_latest_hour', 'days.day') }}
    )
