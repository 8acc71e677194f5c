{#- The metrics of a mart with what they are made of, from the mart's own documentation (meta of its columns):
    name, unit, and the columns of numerator and denominator. One place says what a ratio is of. -#}
{% macro metrics_of(mart) -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- set node = graph.nodes['model.anze.' ~ mart] -%}
        {%- for column in node.columns.values() -%}
            {%- set meta = column.config.meta or column.meta -%}
            {%- if meta.metric_code -%}
                {%- do found.append({
                    'name': column.name,
                    'unit': meta.unit,
                    'numerator': meta.numerator or column.name,
                    'denominator': meta.denominator or 'null',
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
