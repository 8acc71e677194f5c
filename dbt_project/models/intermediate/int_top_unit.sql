-- 上级单位: of each unit on the roster, by its roster or the links that departments send, the topmost one above it that is on the roster
-- too, its owner (the topmost that is named at all), and whether anything up there is state-owned. A unit without a known parent is its own top; chains are followed four levels up.
with

links as (
    select
        linked.uscc,
        max_by(linked.other_uscc, cast(linked.received_at as string) || ' ' || linked.other_uscc) as parent_uscc
    from {{ ref('fct_enterprise_link') }} as linked
    cross join {{ ref('int_as_of') }} as days
    where linked.kind = '母子' and (linked.valid_from is null or linked.valid_from <= days.as_of)
        and (linked.valid_to is null or linked.valid_to >= days.as_of)
    group by linked.uscc
),

units as (
    select
        listed.uscc,
        listed.jurisdiction,
        listed.ownership,
        coalesce(listed.parent_uscc, links.parent_uscc) as parent_uscc
    from {{ ref('dim_unit') }} as listed
    left join links
        on listed.uscc = links.uscc
    where listed.is_on_roster
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
