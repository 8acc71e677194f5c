-- 缺报的保险机构: insurers that owe their policies and are late with them, or never sent any. Named wherever a headline figure stands.
with

final as (
    select
        reaches.jurisdiction,
        reaches.provider,
        reaches.provider_name as name,
        reaches.covers_to,
        reaches.due,
        reaches.days_late
    from {{ ref('int_coverage') }} as reaches
    where reaches.feed = 'policy' and reaches.sender_kind = 'insurer' and reaches.is_owed and reaches.days_late > 0
)

select * from final
