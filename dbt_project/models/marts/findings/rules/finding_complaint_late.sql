-- A complaint on an insurer was, or is, answered late (AQ 9010-2019, 6).
select
    'complaint_late' as rule_code,
    clocks.jurisdiction,
    cast(null as varchar) as district_code,
    cast(null as varchar) as industry_code,
    clocks.insurer_code,
    '承保机构' as subject_type,
    clocks.target_code as subject_code,
    clocks.due_date as found_on,
    cast(null as decimal(18, 2)) as amount,
    'complaint' as feed,
    clocks.complaint_no as record_key,
    'complaint:' || clocks.complaint_no as evidence_keys,
    cast(clocks.due_date as varchar) as value_1,
    coalesce(cast(clocks.answered_on as varchar), '尚未答复') as value_2,
    clocks.file_id,
    clocks.sheet,
    clocks.line_no
from {{ ref('evidence_complaint_clock') }} as clocks
where not clocks.is_on_time and clocks.insurer_code is not null
