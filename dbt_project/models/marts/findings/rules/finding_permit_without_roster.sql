-- 持证单位不在名录: a permit in force in the city whose unit is not on the roster of that field today: never listed, removed, or said to
-- operate no more (S41: permits as an independent denominator).
-- Only fields of which the city has a roster at all.
with

rosters as (
    select distinct jurisdiction, industry_code from {{ ref('fct_roster') }}
)

select
    {{ finding(
        'permit_without_roster', 'permits', feed='permit', key='permits.permit_no', found_on='days.as_of',
        evidence="'permit:' || permits.provider || '/' || permits.permit_no", value_1='permits.kind',
        value_2='coalesce(fields.name, permits.industry_code)', district='null', subject_type='生产经营单位', subject='permits.uscc', insurer='null'
    ) }}
from {{ ref('fct_permit') }} as permits
cross join {{ ref('int_as_of') }} as days
inner join rosters
    on permits.jurisdiction = rosters.jurisdiction
    and permits.industry_code = rosters.industry_code
left join {{ ref('fct_roster') }} as roster
    on permits.uscc = roster.uscc
    and permits.industry_code = roster.industry_code
    and {{ is_on_roster('roster', 'days.as_of') }}
left join {{ ref('ref_industry') }} as fields
    on permits.industry_code = fields.industry_code
where permits.status = '有效' and (permits.valid_from is null or permits.valid_from <= days.as_of)
    and (permits.valid_to is null or permits.valid_to >= days.as_of) and roster.uscc is null
