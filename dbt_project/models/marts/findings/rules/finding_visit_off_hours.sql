-- On-site visit on a day off or at night (domain.md 9.2): outside the hours of ref_rule, where a time was told, or no working day.
select
    {{ finding(
        'visit_off_hours', 'services', feed='service_record', key='services.service_no',
        found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；policy:' || coalesce(services.policy_provider, services.provider) || '/' || services.policy_no",
        value_1="case when services.started_has_time then cast(services.started_at as string) else cast(days.day as string) end", unit='services.insured_uscc'
    ) }}
from {{ ref('fct_service') }} as services
inner join {{ ref('dim_date') }} as days
    on cast(services.started_at as date) = days.day
where services.is_completed and services.form = '线下'
    and (
        not days.is_working_day
        or (services.started_has_time and extract(hour from services.started_at) < {{ rule_value('visit_earliest_hour', 'days.day', 'services.jurisdiction', 'services.industry_code') }})
        or (services.started_has_time and extract(hour from services.started_at) >= {{ rule_value('visit_latest_hour', 'days.day', 'services.jurisdiction', 'services.industry_code') }})
    )
