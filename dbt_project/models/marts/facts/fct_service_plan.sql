-- 年度服务方案: newest known version of each record.
select
    insurer_code,
    plan_year,
    insured_uscc,
    consulted_at,
    confirmed_at,
    planned_visits,
    goal,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions(ref('stg_insurer__service_plan'), ['provider', 'insurer_code', 'plan_year', 'insured_uscc']) }}
) as newest
