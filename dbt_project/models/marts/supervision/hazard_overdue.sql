-- 逾期隐患: not rechecked and past their deadline, major ones first to be acted on.
select
    ledger.jurisdiction,
    ledger.district_code,
    ledger.industry_code,
    ledger.insurer_code,
    ledger.insured_uscc,
    units.name as unit_name,
    departments.department,
    ledger.provider,
    ledger.hazard_no,
    ledger.grade,
    ledger.scene,
    ledger.found_date,
    ledger.due_date,
    ledger.state,
    ledger.days_overdue,
    ledger.is_refused,
    ledger.reported_at,
    ledger.as_of,
    ledger.file_id,
    ledger.sheet,
    ledger.line_no
from {{ ref('hazard_ledger') }} as ledger
left join {{ ref('dim_unit') }} as units
    on ledger.insured_uscc = units.uscc
left join {{ ref('int_responsible_department') }} as departments
    on ledger.jurisdiction = departments.jurisdiction
    and ledger.industry_code = departments.industry_code
where ledger.days_overdue is not null
