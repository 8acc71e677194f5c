-- 同一期间重复报送: all records of a declared month came at least twice under their numbers; they count once.
select
    'declared_came_twice' as edit_code,
    'declaration' as feed,
    declarations.feed || '|' || declarations.period as record_key,
    declarations.provider,
    declarations.file_id,
    declarations.sheet,
    declarations.line_no,
    {{ feed_title('declarations.feed') }} || ' ' || declarations.period as value_1,
    '收到 ' || cast(declarations.received_rows as string) || ' 行，不重复的 ' || cast(declarations.loaded_rows as string) || ' 条' as value_2
from {{ ref('declarations') }} as declarations
where declarations.came_twice
