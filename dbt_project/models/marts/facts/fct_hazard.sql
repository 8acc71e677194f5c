-- 隐患台账: newest known version of each record.
select
    hazard_no,
    service_no,
    insured_uscc,
    insurer_code,
    district_code,
    grade,
    scene,
    criterion,
    found_date,
    written_notice_at,
    rectify_due,
    rectified_at,
    rechecked_at,
    refused,
    reported_to,
    reported_at,
    moment,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions(ref('stg_insurer__hazard'), ['hazard_no']) }}
) as newest
