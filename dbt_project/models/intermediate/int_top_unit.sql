-- 上级单位: of each unit on the roster the topmost one above it that is on the roster too, its owner (the topmost that is named at
-- all), and whether anything up there is state-owned. A unit without a known parent is its own top; chains are followed four levels up.
with

units as (
    select * from {{ ref('dim_unit') }} where is_on_roster
),

final as (
    select
        units.uscc,
        units.jurisdiction,
        coalesce(fourth.uscc, third.uscc, second.uscc, first.uscc, units.uscc) as top_uscc,
        coalesce(third.parent_uscc, second.parent_uscc, first.parent_uscc, units.parent_uscc, units.uscc) as owner_uscc,
        case
            when '央企' in (units.ownership, first.ownership, second.ownership, third.ownership, fourth.ownership) then '央企'
            when '地方国企' in (units.ownership, first.ownership, second.ownership, third.ownership, fourth.ownership) then '地方国企'
        end as soe_kind
    from units
    left join units as first
        on units.parent_uscc = first.uscc
    left join units as second
        on first.parent_uscc = second.uscc
        and units.uscc <> second.uscc
    left join units as third
        on second.parent_uscc = third.uscc
        and third.uscc not in (units.uscc, first.uscc)
    left join units as fourth
        on third.parent_uscc = fourth.uscc
        and fourth.uscc not in (units.uscc, first.uscc, second.uscc)
)

select * from final
