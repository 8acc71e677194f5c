-- A complaint on an insurer was, or is, answered late (AQ 9010-2019, 6). The deadline is the evidence row's; the answer is
-- looked at as of now, as one of January may belong to a complaint of December.
select
    {{ finding(
        'complaint_late', 'clocks', feed='complaint', key='clocks.complaint_no', found_on='clocks.due_date',
        evidence="'complaint:' || clocks.provider || '/' || clocks.complaint_no", value_1="clocks.due_date",
        value_2="cast(complaints.answered_at as date)", subject="clocks.target_code",
        district="null", industry="null", is_past='complaints.answered_at is not null'
    ) }}
from {{ ref('evidence_complaint_clock') }} as clocks
inner join {{ ref('fct_complaint') }} as complaints
    on clocks.provider = complaints.provider
    and clocks.complaint_no = complaints.complaint_no
cross join {{ ref('int_as_of') }} as days
where clocks.insurer_code is not null
    and clocks.due_date < coalesce(cast(complaints.answered_at as date), days.as_of)
