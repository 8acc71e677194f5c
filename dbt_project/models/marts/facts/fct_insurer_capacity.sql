-- 承保机构能力: newest known version of each record.
select
    insurer_code,
    period,
    has_management_unit,
    risk_staff,
    expert_count,
    has_rules,
    has_system,
    outlets,
    solvency_core,
    solvency_total,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('insurer_capacity') }}
) as newest
