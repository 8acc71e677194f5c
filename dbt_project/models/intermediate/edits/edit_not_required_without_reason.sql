-- 应保为否没有原因: a unit of a field that must insure, sent as 应保 = 否 without 列外原因, counts as required (trust.md 3).
select
    'not_required_without_reason' as edit_code,
    'enterprise' as feed,
    roster.uscc || '|' || roster.industry_code as record_key,
    roster.provider,
    roster.file_id,
    roster.sheet,
    roster.line_no,
    roster.name as value_1,
    cast(null as string) as value_2
from {{ ref('fct_roster') }} as roster
where not roster.mandatory and roster.is_required
