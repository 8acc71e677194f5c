{#- A model that is one long `union all` may say where DuckDB should begin another statement: `first_statement()` before
    its first part, `next_statement()` between the others. A statement keeps all that its parts join, in memory or on
    disk, until it ends. To every other reader these are comments and `union all`. -#}

{% macro first_statement() -%}
    /* first statement */
{%- endmacro %}

{% macro next_statement() -%}
    union all /* next statement */
{%- endmacro %}

{#- What a table's model selects: its parts, each with what dbt wrote before them (the ephemeral models). -#}
{% macro statements(compiled_code) -%}
    {%- set before_and_after = compiled_code.split(first_statement()) -%}
    {%- if before_and_after | length == 1 -%}
        {{ return([compiled_code]) }}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for part in before_and_after[1].split(next_statement()) -%}
        {%- do parts.append(before_and_after[0] ~ part) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}
