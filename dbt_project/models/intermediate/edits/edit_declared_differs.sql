-- 声明与实收不符: what a sender declared of a month is not what came (trust.md 3): a file was lost on the way, or sent twice under other numbers.
select
    'declared_differs' as edit_code,
    'declaration' as feed,
    declarations.feed || '|' || declarations.period as record_key,
    declarations.provider,
    declarations.file_id,
    declarations.sheet,
    declarations.line_no,
    {{ feed_title('declarations.feed') }} || ' ' || declarations.period || '：'
    || case
        when declarations.nothing then '零报告'
        else concat_ws('、', cast(declarations.declared_rows as string) || ' 行', cast(declarations.declared_amount as string) || ' 元')
    end as value_1,
    concat_ws('、', cast(declarations.loaded_rows as string) || ' 行', cast(declarations.loaded_amount as string) || ' 元') as value_2
from {{ ref('declarations') }} as declarations
where declarations.differs
