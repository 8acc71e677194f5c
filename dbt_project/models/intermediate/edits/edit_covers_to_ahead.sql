-- 数据截至晚于报送日: nobody has data of days to come.
select
    'covers_to_ahead' as edit_code,
    'declaration' as feed,
    declarations.feed || '|' || declarations.period as record_key,
    declarations.provider,
    declarations.file_id,
    declarations.sheet,
    declarations.line_no,
    {{ feed_title('declarations.feed') }} || ' ' || declarations.period || '，数据截至 ' || cast(declarations.covers_to_said as string) as value_1,
    cast(declarations.covers_to as string) as value_2
from {{ ref('declarations') }} as declarations
where declarations.covers_to_said > declarations.covers_to
