{#- What engines spell differently about whole numbers. -#}

{#- How many times a whole number goes into another, both positive and of up to 38 digits. -#}
{% macro whole_division(number, by) -%}
    {{ return(adapter.dispatch('whole_division')(number, by)) }}
{%- endmacro %}

{% macro default__whole_division(number, by) -%}
    (cast({{ number }} as decimal(38, 0)) div cast({{ by }} as decimal(38, 0)))
{%- endmacro %}

{% macro duckdb__whole_division(number, by) -%}
    (cast({{ number }} as hugeint) // cast({{ by }} as hugeint))
{%- endmacro %}
