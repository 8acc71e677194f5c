-- 许可证过期仍在经营: on the roster, in operation, and the permit that the roster names has run out (S41; 安全生产许可证条例).
select
    {{ finding(
        'permit_expired_operating', 'roster', feed='enterprise', key="roster.uscc || '|' || roster.industry_code",
        found_on='roster.permit_valid_to', evidence="'enterprise:' || roster.uscc || '|' || roster.industry_code",
        value_1="coalesce(roster.permit_type || ' ', '') || coalesce(roster.permit_no, '')", value_2='roster.permit_valid_to',
        subject_type='生产经营单位', subject='roster.uscc', insurer='null'
    ) }}
from {{ ref('fct_roster') }} as roster
cross join {{ ref('int_as_of') }} as days
where roster.permit_valid_to < days.as_of and {{ is_on_roster('roster', 'days.as_of') }}
