{#- What engines spell differently about texts that hold several values. -#}

{#- Rows of a relation, once for each value of a column that holds several (separated by 、). -#}
{% macro each_value(relation, column, name) -%}
    {{ return(adapter.dispatch('each_value')(relation, column, name)) }}
{%- endmacro %}

{% macro default__each_value(relation, column, name) -%}
    select *, explode(split({{ column }}, '、')) as {{ name }} from {{ relation }} where {{ column }} is not null
{%- endmacro %}

{% macro duckdb__each_value(relation, column, name) -%}
    select *, unnest(string_split({{ column }}, '、')) as {{ name }} from {{ relation }} where {{ column }} is not null
{%- endmacro %}

{#- The distinct values of a group as one text, sorted; null where there is none. -#}
{% macro joined_values(value, separator='、') -%}
    {{ return(adapter.dispatch('joined_values')(value, separator)) }}
{%- endmacro %}

{% macro default__joined_values(value, separator) -%}
    nullif(array_join(array_sort(collect_set({{ value }})), '{{ separator }}'), '')
{%- endmacro %}

{% macro duckdb__joined_values(value, separator) -%}
    nullif(array_to_string(list_sort(list_distinct(list({{ value }}))), '{{ separator }}'), '')
{%- endmacro %}

{#- A text without all that matches a pattern. -#}
{% macro without_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('without_pattern')(text, pattern)) }}
{%- endmacro %}

{% macro default__without_pattern(text, pattern) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '')
{%- endmacro %}

{% macro duckdb__without_pattern(text, pattern) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '', 'g')
{%- endmacro %}
