-- 金额待核实: asked back before it counts.
select
    'amount_to_confirm' as edit_code,
    amounts.feed,
    amounts.record_key,
    amounts.provider,
    amounts.file_id,
    amounts.sheet,
    amounts.line_no,
    cast(max(amounts.amount) as string) as value_1,
    cast(max(amounts.usual_amount) as string) as value_2
from {{ ref('int_to_confirm') }} as amounts
group by amounts.feed, amounts.record_key, amounts.provider, amounts.file_id, amounts.sheet, amounts.line_no
