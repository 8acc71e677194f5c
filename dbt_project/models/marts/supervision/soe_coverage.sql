-- 国有企业参保: state-owned units and everything below them by 上级单位 (parent), per topmost unit: how many are
-- insured at the period's end (沪安委办〔2023〕32号 二(二): subsidiaries and shareholdings too). The tree: int_top_unit.
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
