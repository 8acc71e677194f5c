-- 火灾高危单位: units by fire class, how many insure though they need not, and the features of their risk (沪安委办〔2023〕32号 二(二): sorted risk features,
-- voluntary insurance, the yearly list of major fire hazards). One row per district (ALL: the city) and class.
with

units as (
    select
        roster.jurisdiction,
        roster.district_code,
        roster.uscc,
        roster.fire_class,
        max(roster.fire_features) as fire_features
    from {{ ref('fct_roster') }} as roster
    cross join {{ ref('int_as_of') }} as today
    where roster.fire_class is not null and {{ is_on_roster('roster', 'today.as_of') }}
    group by roster.jurisdiction, roster.district_code, roster.uscc, roster.fire_class
),

insured as (
    select distinct covers.insured_uscc
    from {{ ref('int_cover_island') }} as covers
    cross join {{ ref('int_as_of') }} as today
    where today.as_of between covers.starts_on and covers.ends_on
),

hazards as (
    select
        insured_uscc,
        count(*) as hazards
    from {{ ref('hazard_ledger') }}
    where grade = '重大' and rechecked_on is null
    group by insured_uscc
),

described as (
    select
        units.*,
        case when insured.insured_uscc is null then 0 else 1 end as insured,
        coalesce(hazards.hazards, 0) as hazards
    from units
    left join insured
        on units.uscc = insured.insured_uscc
    left join hazards
        on units.uscc = hazards.insured_uscc
)

select
    jurisdiction,
    case when grouping(district_code) = 1 then 'ALL' else district_code end as district_code,
    fire_class,
    count(distinct uscc) as units,
    count(distinct case when insured = 1 then uscc end) as insured_units,
    {{ ratio('count(distinct case when insured = 1 then uscc end)', 'count(distinct uscc)') }} as coverage,
    {%- for feature, column in {'夜间住宿': 'sleeping', '明火作业': 'open_fire', '储存易燃物': 'flammables', '疏散困难': 'hard_to_leave', '消防设施缺失': 'without_equipment', '老旧建筑': 'old_building'}.items() %}
    cast(sum(case when fire_features like '%{{ feature }}%' then 1 else 0 end) as bigint) as units_{{ column }},
    {%- endfor %}
    cast(sum(hazards) as bigint) as open_major_hazards
from described
group by grouping sets ((jurisdiction, district_code, fire_class), (jurisdiction, fire_class))
