-- 月末存量: what stood on the last day of each month (of the month of the knowledge date: on that day), this year and the two before:
-- units that must insure, those insured and pending (待核), policies in force with their premium and persons. Units by the roster as
-- it is known now; a unit is one in a total, insured when all its required rows there are (metrics.md, Sets).
with

days as (
    select
        cities.jurisdiction,
        {{ year_of('listed.day') }} as stat_year,
        {{ month_of('listed.day') }} as month_no,
        listed.day
    from {{ ref('dim_date') }} as listed
    cross join {{ ref('int_as_of') }} as today
    inner join {{ ref('ref_jurisdiction') }} as cities
        on listed.day >= cities.programme_start
    where (listed.day = last_day(listed.day) or listed.day = today.as_of)
        and listed.day <= today.as_of
        and {{ year_of('listed.day') }} >= {{ year_of('today.as_of') }} - 2
),

fields as (
    select distinct
        jurisdiction,
        industry_code
    from {{ ref('fct_roster') }}
),

duties as (
    select
        days.jurisdiction,
        days.day,
        fields.industry_code,
        {{ is_mandatory('days.day', 'days.jurisdiction', 'fields.industry_code') }} as is_mandatory
    from days
    inner join fields
        on days.jurisdiction = fields.jurisdiction
),

-- Units in several fields; of all others a row is a unit.
in_several as (
    select uscc
    from {{ ref('fct_roster') }}
    group by uscc
    having count(*) > 1
),

required as (
    select
        days.jurisdiction,
        days.stat_year,
        days.month_no,
        days.day,
        roster.district_code,
        roster.industry_code,
        roster.uscc
    from {{ ref('fct_roster') }} as roster
    inner join days
        on roster.jurisdiction = days.jurisdiction
        and {{ is_on_roster('roster', 'days.day') }}
    inner join duties
        on days.jurisdiction = duties.jurisdiction
        and days.day = duties.day
        and roster.industry_code = duties.industry_code
    where {{ counts_as_required('roster', 'duties.is_mandatory') }}
),

stood as (
    select
        required.*,
        in_several.uscc is not null as is_in_several,
        case when covers.insured_uscc is not null then 1 else 0 end as insured,
        case when covers.insured_uscc is not null or pending.insured_uscc is not null then 1 else 0 end as insured_or_pending
    from required
    left join {{ ref('int_cover_island') }} as covers
        on required.uscc = covers.insured_uscc
        and required.industry_code = covers.industry_code
        and required.day between covers.starts_on and covers.ends_on
    left join {{ ref('int_pending_cover') }} as pending
        on required.uscc = pending.insured_uscc
        and required.industry_code = pending.industry_code
        and {{ is_pending_on('required.day', 'pending') }}
    left join in_several
        on required.uscc = in_several.uscc
),

counted as (
    select
        jurisdiction,
        stat_year,
        month_no,
        district_code,
        industry_code,
        count(*) as required_units,
        sum(insured) as insured,
        sum(insured_or_pending) as insured_or_pending
    from stood
    where not is_in_several
    group by jurisdiction, stat_year, month_no, district_code, industry_code
),

unit_rows as (
    select
        {{ cell_columns() }},
        month_no,
        uscc,
        min(insured) as insured,
        min(insured_or_pending) as insured_or_pending
    from stood
    where is_in_several
    group by {{ cell_groups(['month_no', 'uscc']) }}
),

of_all_units as (
    select
        {{ cell_columns() }},
        month_no,
        sum(required_units) as required_units,
        sum(insured) as insured,
        sum(insured_or_pending) as insured_or_pending
    from counted
    group by {{ cell_groups(['month_no']) }}

    union all

    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        month_no,
        count(*) as required_units,
        sum(insured) as insured,
        sum(insured_or_pending) as insured_or_pending
    from unit_rows
    group by jurisdiction, stat_year, cell_district, cell_industry, month_no
),

units as (
    select
        jurisdiction,
        stat_year,
        month_no,
        cell_district,
        cell_industry,
        sum(required_units) as required_units,
        sum(insured) as insured_required_units,
        sum(insured_or_pending - insured) as pending_units
    from of_all_units
    group by jurisdiction, stat_year, month_no, cell_district, cell_industry
),

in_force as (
    select
        days.jurisdiction,
        days.stat_year,
        days.month_no,
        policies.district_code,
        policies.industry_code,
        count(*) as policies,
        sum(policies.premium_received) as premium,
        sum(policies.insured_persons) as persons
    from {{ ref('fct_policy') }} as policies
    inner join days
        on policies.jurisdiction = days.jurisdiction
        and days.day between policies.inception_date and policies.cover_end
    where policies.is_valid
    group by days.jurisdiction, days.stat_year, days.month_no, policies.district_code, policies.industry_code
),

policies as (
    select
        {{ cell_columns() }},
        month_no,
        sum(policies) as policies,
        sum(premium) as premium,
        sum(persons) as persons
    from in_force
    group by {{ cell_groups(['month_no']) }}
),

cells as (
    select jurisdiction, stat_year, month_no, cell_district, cell_industry from units
    union
    select jurisdiction, stat_year, month_no, cell_district, cell_industry from policies
),

final as (
    select
        cells.jurisdiction,
        cells.stat_year,
        cells.month_no,
        days.day as stock_on,
        cells.cell_district as district_code,
        cells.cell_industry as industry_code,
        cast(coalesce(units.required_units, 0) as bigint) as required_units,
        cast(coalesce(units.insured_required_units, 0) as bigint) as insured_required_units,
        cast(coalesce(units.pending_units, 0) as bigint) as pending_units,
        {{ ratio('units.insured_required_units', 'units.required_units') }} as participation_rate,
        cast(coalesce(policies.policies, 0) as bigint) as policies_in_force,
        {{ yuan('coalesce(policies.premium, 0)') }} as premium_in_force,
        cast(coalesce(policies.persons, 0) as bigint) as persons_in_force
    from cells
    inner join days
        on cells.jurisdiction = days.jurisdiction
        and cells.stat_year = days.stat_year
        and cells.month_no = days.month_no
    {%- for counted in ['units', 'policies'] %}
    left join {{ counted }}
        on cells.jurisdiction = {{ counted }}.jurisdiction
        and cells.stat_year = {{ counted }}.stat_year
        and cells.month_no = {{ counted }}.month_no
        and cells.cell_district = {{ counted }}.cell_district
        and cells.cell_industry = {{ counted }}.cell_industry
    {%- endfor %}
)

select * from final
