-- 同一期间重复报送: all records of a declared month came again as they were; they count once.
select
    'declared_came_twice' as edit_code,
    'declaration' as feed,
    declarations.feed || '|' || declarations.period as record_key,
    declarations.provider,
    declarations.file_id,
    declarations.sheet,
    declarations.line_no,
    {{ feed_title('declarations.feed') }} || ' ' || declarations.period as value_1,
    cast(declarations.repeated_rows as string) || ' 行与此前所报一字不差' as value_2
from {{ ref('declarations') }} as declarations
where declarations.came_twice
