-- 文件与报送: newest known version of each record.
select
    doc_no,
    kind,
    title,
    issuer,
    district_code,
    industry_code,
    doc_date,
    due,
    year,
    follow_up,
    follow_up_due,
    followed_up_on,
    channel,
    reach,
    text,
    provider,
    received_at,
    file_id,
    sheet,
    line_no
from (
    {{ newest_versions('document') }}
) as newest
