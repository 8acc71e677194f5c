-- 国有企业参保: state-owned units and everything below them by 上级单位 (parent), per topmost unit: how many are
-- insured at the period's end (沪安委办〔2023〕32号 二(二): subsidiaries and shareholdings too). A unit without a
-- known parent is its own top; chains are followed four levels up.
with

units as (
    select * from {{ ref('dim_unit') }} where is_on_roster
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

tops as (
    select
        units.uscc,
        units.jurisdiction,
        coalesce(fourth.uscc, third.uscc, second.uscc, first.uscc, units.uscc) as top_uscc,
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
),

insured as (
    select distinct policies.insured_uscc
    from {{ ref('evidence_policy') }} as policies
    cross join as_of
    where policies.is_in_force and policies.stat_year = {{ year_of('as_of.as_of') }}
),

final as (
    select
        tops.jurisdiction,
        tops.soe_kind,
        tops.top_uscc,
        max(named.name) as top_name,
        count(*) as units,
        sum(case when insured.insured_uscc is not null then 1 else 0 end) as insured_units,
        {{ ratio('sum(case when insured.insured_uscc is not null then 1 else 0 end)', 'count(*)') }} as coverage,
        max(as_of.as_of) as as_of
    from tops
    cross join as_of
    left join insured
        on tops.uscc = insured.insured_uscc
    left join units as named
        on tops.top_uscc = named.uscc
    where tops.soe_kind is not null
    group by tops.jurisdiction, tops.soe_kind, tops.top_uscc
)

select
    jurisdiction,
    soe_kind,
    top_uscc,
    top_name,
    units,
    cast(insured_units as bigint) as insured_units,
    coverage,
    as_of
from final
