-- 列外单位 per cell: units on the roster at the period's end, in a field that must insure, that need not for a stated reason (trust.md 3).
with

rows_of_year as (
    select
        periods.jurisdiction,
        periods.stat_year,
        roster.district_code,
        roster.industry_code,
        roster.uscc,
        {{ is_mandatory('periods.period_end', 'periods.jurisdiction', 'roster.industry_code') }} as is_mandatory
    from {{ ref('fct_roster') }} as roster
    inner join {{ ref('int_period') }} as periods
        on roster.jurisdiction = periods.jurisdiction
        and {{ is_on_roster('roster', 'periods.period_end') }}
    where not roster.mandatory and roster.exempt_reason is not null
),

final as (
    select
        {{ cell_columns() }},
        count(distinct uscc) as exempt_units
    from rows_of_year
    where is_mandatory
    group by {{ cell_groups() }}
)

select * from final
