{#- What engines spell differently about dates. -#}

{#- Days of an interval, both ends included. -#}
{% macro days_inclusive(first, last) -%}
    {{ return(adapter.dispatch('days_inclusive')(first, last)) }}
{%- endmacro %}

{% macro default__days_inclusive(first, last) -%}
    (datediff({{ last }}, {{ first }}) + 1)
{%- endmacro %}

{% macro duckdb__days_inclusive(first, last) -%}
    (date_diff('day', {{ first }}, {{ last }}) + 1)
{%- endmacro %}

{#- A day some days later. -#}
{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    date_add({{ day }}, {{ days }})
{%- endmacro %}

{% macro duckdb__add_days(day, days) -%}
    ({{ day }} + {{ days }})
{%- endmacro %}

{% macro year_of(day) -%}
    cast(extract(year from {{ day }}) as integer)
{%- endmacro %}

{% macro month_of(day) -%}
    cast(extract(month from {{ day }}) as integer)
{%- endmacro %}

{% macro day_of(day) -%}
    cast(extract(day from {{ day }}) as integer)
{%- endmacro %}

{#- The last day of a month written YYYY-MM. -#}
{% macro last_of_month(month) -%}
    last_day(cast({{ month }} || '-01' as date))
{%- endmacro %}
