-- 年度报告的组成 of each city (ref_return_part): its own, else the common one.
with

parts as (
    {{ of_each_city('ref_return_part') }}
)

select
    city as jurisdiction,
    sort_no,
    chapter,
    kind,
    subject,
    title,
    document_kinds,
    note
from parts
