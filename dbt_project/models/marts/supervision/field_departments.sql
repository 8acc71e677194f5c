-- 行业领域的监管部门: who answers for each field in a city, fields that have no department of their own, and units of new trades whose duty
-- is unclear (沪安委办〔2023〕32号 三(一); 威应急发〔2023〕11号 二(二)).
with

units as (
    select
        roster.jurisdiction,
        roster.industry_code,
        count(*) as units,
        sum(case when roster.new_trade then 1 else 0 end) as new_trade_units,
        sum(case when roster.department is null then 1 else 0 end) as unnamed_units
    from {{ ref('fct_roster') }} as roster
    cross join {{ ref('int_as_of') }} as today
    where {{ is_on_roster('roster', 'today.as_of') }}
    group by roster.jurisdiction, roster.industry_code
),

own as (
    select distinct
        jurisdiction,
        industry_code
    from {{ ref('ref_provider') }}
    where kind = 'industry_department' and industry_code is not null
)

select
    answering.jurisdiction,
    answering.industry_code,
    fields.name as industry_name,
    answering.department,
    own.industry_code is not null as has_own_department,
    cast(coalesce(units.units, 0) as bigint) as units,
    cast(coalesce(units.new_trade_units, 0) as bigint) as new_trade_units,
    cast(coalesce(units.unnamed_units, 0) as bigint) as units_without_department
from {{ ref('int_responsible_department') }} as answering
inner join {{ ref('ref_industry') }} as fields
    on answering.industry_code = fields.industry_code
left join own
    on answering.jurisdiction = own.jurisdiction
    and answering.industry_code = own.industry_code
left join units
    on answering.jurisdiction = units.jurisdiction
    and answering.industry_code = units.industry_code
