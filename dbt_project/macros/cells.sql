{#- Cells of the statistics: jurisdiction × year × district × industry, with ALL for a total.
    Totals are made here and nowhere else: facts are grouped at all four levels at once, so that a
    total counts distinct units and sums amounts, and never adds up cells (metrics.md, Sets). -#}

{% macro cell_columns() -%}
    jurisdiction,
    stat_year,
    case when grouping(district_code) = 1 then 'ALL' else district_code end as cell_district,
    case when grouping(industry_code) = 1 then 'ALL' else industry_code end as cell_industry
{%- endmacro %}

{#- `also`: further grouping columns, such as the unit or the insurer. -#}
{% macro cell_groups(also=[]) -%}
    {%- set extra = (', ' ~ also | join(', ')) if also else '' -%}
    grouping sets (
        (jurisdiction, stat_year, district_code, industry_code{{ extra }}),
        (jurisdiction, stat_year, district_code{{ extra }}),
        (jurisdiction, stat_year, industry_code{{ extra }}),
        (jurisdiction, stat_year{{ extra }})
    )
{%- endmacro %}

{#- What was counted by cell, beside the grid (`cells`): where nothing was counted its columns are null. -#}
{% macro join_cell(counted, name) -%}
    left join {{ counted }} as {{ name }}
        on cells.jurisdiction = {{ name }}.jurisdiction
        and cells.stat_year = {{ name }}.stat_year
        and cells.district_code = {{ name }}.cell_district
        and cells.industry_code = {{ name }}.cell_industry
{%- endmacro %}

{#- Numerator over denominator as a fraction: nothing over something is zero, something over nothing unknown. Of stored amounts, so
    that whoever divides the two columns gets the third (trust.md 1). -#}
{% macro ratio(numerator, denominator) -%}
    case when {{ denominator }} <> 0 then cast(coalesce({{ numerator }}, 0) as double) / cast({{ denominator }} as double) end
{%- endmacro %}

{#- A measured value before it is summed: engines add doubles in any order, and a last digit decides where a half is rounded. -#}
{% macro exact(value) -%}
    cast({{ value }} as decimal(28, 9))
{%- endmacro %}

{#- The same by insurer: jurisdiction × year × insurer, with ALL for all insurers. -#}
{% macro insurer_columns() -%}
    jurisdiction,
    stat_year,
    case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as cell_insurer
{%- endmacro %}

{% macro insurer_groups(also=[]) -%}
    {%- set extra = (', ' ~ also | join(', ')) if also else '' -%}
    grouping sets ((jurisdiction, stat_year, insurer_code{{ extra }}), (jurisdiction, stat_year{{ extra }}))
{%- endmacro %}

{#- What was counted by insurer, beside the grid of insurers (`grid`). -#}
{% macro join_insurer(counted, name) -%}
    left join {{ counted }} as {{ name }}
        on grid.jurisdiction = {{ name }}.jurisdiction
        and grid.stat_year = {{ name }}.stat_year
        and grid.insurer_code = {{ name }}.cell_insurer
{%- endmacro %}

{#- What says of a unit that it is insured and that it was served, a row per policy and per service, each flag 0 or 1:
    grouped by unit, the greatest of a flag is the unit's. Both together, as joining units after each has been grouped
    takes three times as long. -#}
{% macro policies_and_services() -%}
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        1 as covered,
        case when is_incepted then 1 else 0 end as incepted,
        case when is_in_force then 1 else 0 end as in_force,
        0 as serviced,
        0 as onsite
    from {{ ref('evidence_policy') }}
    -- Cover ends before it begins for a policy surrendered before its first day: it insures nobody on any day.
    where is_in_force_any_day

    union all

    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        0 as covered,
        0 as incepted,
        0 as in_force,
        1 as serviced,
        case when form = '线下' then 1 else 0 end as onsite
    from {{ ref('evidence_service') }}
{%- endmacro %}
