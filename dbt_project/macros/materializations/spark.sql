{#- Tables and views on Apache Spark. Every night starts from an empty catalogue (pipelines/transform/spark/landing.py), so
    nothing has to be replaced; the columns, their types and Chinese comments are declared, then filled. -#}

{% materialization table, adapter='spark', supported_languages=['sql'] %}
    {{ return(spark_table()) }}
{% endmaterialization %}

{#- A published view is a table here: what is published has to lie in files that the DuckDB file is made of. -#}
{% materialization view, adapter='spark', supported_languages=['sql'] %}
    {%- if config.get('contract').enforced -%}
        {{ return(spark_table()) }}
    {%- endif -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- call statement('main') -%}
        create or replace view {{ relation }} as
        {{ compiled_code }}
    {%- endcall -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% macro spark_table() -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- call statement('drop') -%}
        drop table if exists {{ relation }}
    {%- endcall -%}
    {%- if config.get('contract').enforced -%}
        {%- call statement('create') -%}
            create table {{ relation }} (
                {%- for column in model.columns.values() %}
                {{ adapter.quote(column.name) }} {{ spark_type(column.data_type) }}
                {%- if column.description %} comment {{ spark_text(column.description) }}{% endif %}
                {{- ',' if not loop.last }}
                {%- endfor %}
            ) using parquet comment {{ spark_text(model.description) }}
        {%- endcall -%}
        {%- call statement('main') -%}
            insert into {{ relation }}
            select
                {%- for column in model.columns.values() %}
                cast({{ adapter.quote(column.name) }} as {{ spark_type(column.data_type) }})
                {{- ',' if not loop.last }}
                {%- endfor %}
            from (
                {{ compiled_code }}
            ) as model
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            create table {{ relation }} using parquet as
            {{ compiled_code }}
        {%- endcall -%}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}

{#- How Spark calls a type of the contracts. -#}
{% macro spark_type(type) -%}
    {{ {'varchar': 'string', 'timestamp': 'timestamp_ntz'}.get(type | lower, type) }}
{%- endmacro %}

{% macro spark_text(text) -%}
    '{{ text | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}
