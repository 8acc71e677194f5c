-- 国有企业参保: state-owned units and everything below them by 上级单位 (parent), per topmost unit: how many are insured, pending, served,
-- what stands against them, and how far their supply chain insures (沪安委办〔2023〕32号 二(二): subsidiaries, shareholdings and partners too; results are a
-- reference for safety assessment). The tree: int_top_unit. `owner`: the holding above, whether or not it is on the roster.
with

units as (
    select * from {{ ref('dim_unit') }} where is_on_roster
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

tops as (
    select * from {{ ref('int_top_unit') }}
),

states as (
    select
        uscc,
        insured_state,
        services_last_year,
        open_major_hazards,
        accidents,
        policies_in_force > 0 as is_insured
    from {{ ref('unit_360') }}
),

partners as (
    select distinct
        tops.top_uscc,
        links.uscc
    from {{ ref('fct_enterprise_link') }} as links
    inner join tops
        on links.other_uscc = tops.uscc
    cross join as_of
    where links.kind in ('供应链', '参股') and (links.valid_from is null or links.valid_from <= as_of.as_of)
        and (links.valid_to is null or links.valid_to >= as_of.as_of)
),

chains as (
    select
        partners.top_uscc,
        count(*) as partners,
        sum(case when states.is_insured then 1 else 0 end) as insured_partners
    from partners
    left join states
        on partners.uscc = states.uscc
    group by partners.top_uscc
),

final as (
    select
        tops.jurisdiction,
        tops.soe_kind,
        tops.top_uscc,
        max(named.name) as top_name,
        max(tops.owner_uscc) as owner_uscc,
        count(*) as units,
        sum(case when states.is_insured then 1 else 0 end) as insured_units,
        {{ ratio('sum(case when states.is_insured then 1 else 0 end)', 'count(*)') }} as coverage,
        sum(case when states.insured_state = '待核' then 1 else 0 end) as pending_units,
        sum(case when states.services_last_year > 0 then 1 else 0 end) as serviced_units,
        sum(coalesce(states.open_major_hazards, 0)) as open_major_hazards,
        sum(coalesce(states.accidents, 0)) as accidents,
        max(as_of.as_of) as as_of
    from tops
    cross join as_of
    left join states
        on tops.uscc = states.uscc
    left join units as named
        on tops.top_uscc = named.uscc
    where tops.soe_kind is not null
    group by tops.jurisdiction, tops.soe_kind, tops.top_uscc
)

select
    final.jurisdiction,
    final.soe_kind,
    final.top_uscc,
    final.top_name,
    final.owner_uscc,
    final.units,
    cast(final.insured_units as bigint) as insured_units,
    final.coverage,
    cast(final.pending_units as bigint) as pending_units,
    cast(final.serviced_units as bigint) as serviced_units,
    cast(final.open_major_hazards as bigint) as open_major_hazards,
    cast(final.accidents as bigint) as accidents,
    cast(coalesce(chains.partners, 0) as bigint) as partners,
    cast(coalesce(chains.insured_partners, 0) as bigint) as insured_partners,
    final.as_of
from final
left join chains
    on final.top_uscc = chains.top_uscc
