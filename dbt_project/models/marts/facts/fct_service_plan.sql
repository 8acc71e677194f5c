-- 年度服务方案, at the grain of the record; see int_service_plan.
select
    insurer_code,
    plan_year,
    insured_uscc,
    consulted_at,
    confirmed_at,
    planned_visits,
    goal,
    jurisdiction,
    record_key,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from {{ ref('int_service_plan') }}
