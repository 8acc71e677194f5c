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

{#- The distinct values of a group as one text, sorted. -#}
{% macro joined_values(value, separator='、') -%}
    {{ return(adapter.dispatch('joined_values')(value, separator)) }}
{%- endmacro %}

{% macro default__joined_values(value, separator) -%}
    array_join(array_sort(collect_set({{ value }})), '{{ separator }}')
{%- endmacro %}

{% macro duckdb__joined_values(value, separator) -%}
    string_agg(distinct {{ value }}, '{{ separator }}' order by {{ value }})
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

{#- Whether a text names one of some words. -#}
{% macro names_any(text, words) -%}
    ({% for word in words %}{{ text }} like '%{{ word }}%'{{ ' or ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Dangerous work (动火等危险作业) as the coded list and texts write it, and contracting out. -#}
{% macro dangerous_work() -%}
    {{ return(['动火', '受限空间', '有限空间', '高处', '吊装', '临时用电', '检维修']) }}
{%- endmacro %}

{% macro contracted_out() -%}
    {{ return(['外包', '外租']) }}
{%- endmacro %}

{#- What a visit says it checked: the coded list; of records without one the text, less what it says there was none of
    (无动火作业; 没有动火、吊装作业). -#}
{% macro work_spoken_of(services) -%}
    {%- set kinds = '(' ~ (dangerous_work() + contracted_out() + ['其他危险作业', '危险作业']) | join('|') ~ ')(作业|单位|人员|活动|队伍|等)*' -%}
    coalesce(
        {{ services }}.checked_work,
        {{ without_pattern(
            "coalesce(" ~ services ~ ".content, '')",
            '(无|没有|未|不涉及|不存在)(发现|检查|查|见|涉及|进行|开展|安排|从事|任何)*' ~ kinds ~ '(([、和及与或]|以及)?' ~ kinds ~ ')*'
        ) }}
    )
{%- endmacro %}
