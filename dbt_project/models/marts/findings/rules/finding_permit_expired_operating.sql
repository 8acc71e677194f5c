-- 许可证过期仍在经营: on the roster, in operation, and the permit that the roster names has run out, and no register of permits knows a
-- later one (S41; 安全生产许可证条例).
with

renewed as (
    select
        permits.uscc,
        permits.industry_code,
        max(coalesce(permits.valid_to, days.as_of)) as valid_to
    from {{ ref('fct_permit') }} as permits
    cross join {{ ref('int_as_of') }} as days
    where permits.status = '有效'
    group by permits.uscc, permits.industry_code
)

select
    {{ finding(
        'permit_expired_operating', 'roster', feed='enterprise', key="roster.uscc || '|' || roster.industry_code",
        found_on='roster.permit_valid_to', evidence="'enterprise:' || roster.uscc || '|' || roster.industry_code",
        value_1="coalesce(roster.permit_type || ' ', '') || coalesce(roster.permit_no, '')", value_2='roster.permit_valid_to',
        subject_type='生产经营单位', subject='roster.uscc', insurer='null'
    ) }}
from {{ ref('fct_roster') }} as roster
cross join {{ ref('int_as_of') }} as days
left join renewed
    on roster.uscc = renewed.uscc
    and roster.industry_code = renewed.industry_code
where roster.permit_valid_to < days.as_of and {{ is_on_roster('roster', 'days.as_of') }}
    and (renewed.valid_to is null or renewed.valid_to < days.as_of)
