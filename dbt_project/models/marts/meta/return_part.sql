-- 年度报告的组成 of each city (ref_return_part): its own, else the common one; parts that only one kind of owner has name it, special
-- parts of some years name those (沪安委办〔2023〕32号 三(二): the account of the major-hazard action, 2023 only).
with

parts as (
    {{ of_each_city('ref_return_part') }}
)

select
    city as jurisdiction,
    owner_kind,
    sort_no,
    chapter,
    kind,
    subject,
    title,
    document_kinds,
    item_no,
    valid_from_year,
    valid_to_year,
    note
from parts
