-- 名录口径不一: departments that list one unit say different things of it; the newest counts, all of them are told (trust.md 1).
select
    'roster_contradiction' as edit_code,
    'enterprise' as feed,
    words.uscc || '|' || words.industry_code as record_key,
    words.provider,
    words.file_id,
    words.sheet,
    words.line_no,
    words.differing as value_1,
    case when words.counts then '本单位所报为最新，按此计入' else '以' || words.counting_provider_name || '的最新报送为准' end as value_2
from {{ ref('roster_contradictions') }} as words
