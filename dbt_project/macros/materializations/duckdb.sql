{#- Tables and views on DuckDB in one statement each, without comments (they belong to what is
    published, pipelines/publish/publication.py). dbt's own way (build aside, rename the old one
    away, rename the new one in, ask for columns, comment one by one) is a dozen statements a model: with a hundred and
    forty models that is most of a small night. Nobody reads the private build while it is made, a statement holds
    whole or not at all, and a build in which one failed is not published. Models that ask for it take several
    (macros/materializations/statements.sql).

    Gain, measured 2026-11-28 on 2 cores beside dbt's own materialisations, in one run: 5.7 seconds of a city's
    night of 52.7 (11 %), nearly all of it in the publication, which otherwise writes every table a second time.

    A published table is written into the file that will be published (attached as `publishing`), where it stays; the
    build has a view of it under its name, so that nobody need know. -#}

{#- A model's select with the columns and types its contract promises. -#}
{% macro as_promised(select_statement) -%}
    {%- if config.get('contract').enforced -%}
        select
            {%- for column in model.columns.values() %}
            cast({{ adapter.quote(column.name) }} as {{ column.data_type }}) as {{ adapter.quote(column.name) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from (
            {{ select_statement }}
        ) as model
    {%- else -%}
        {{ select_statement }}
    {%- endif -%}
{%- endmacro %}

{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {%- set is_published = 'marts' in model.fqn -%}
    {%- set relation = this.incorporate(type='view' if is_published else 'table') -%}
    {%- set target_relation = 'publishing.' ~ this.without_identifier().include(database=false) ~ '.' ~ adapter.quote(this.identifier) if is_published else relation -%}
    {{ drop_other_kind(relation) }}
    {%- if config.get('contract').enforced -%}
        {{- get_assert_columns_equivalent(compiled_code) -}}
    {%- endif -%}
    {%- for part in statements(compiled_code) -%}
    {%- call statement('main') -%}
        {{ 'create or replace table ' ~ target_relation ~ ' as' if loop.first else 'insert into ' ~ target_relation }}
        {{ as_promised(part) }};
    {%- endcall -%}
    {%- endfor -%}
    {{ adapter.commit() }}
    {%- if is_published %}
    {%- call statement('view') -%}
        create or replace view {{ relation }} as select * from {{ target_relation }};
    {%- endcall -%}
    {{ adapter.commit() }}
    {%- endif %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb', supported_languages=['sql'] %}
    {%- set relation = this.incorporate(type='view') -%}
    {{ drop_other_kind(relation) }}
    {%- call statement('main') -%}
        {%- if config.get('contract').enforced %}
        {{- get_assert_columns_equivalent(compiled_code) }}
        {%- endif %}
        create or replace view {{ relation }} as
        {{ compiled_code }};
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{#- A view where a table is to be made, or the other way round, is from before the model was changed. -#}
{% macro drop_other_kind(relation) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.type != relation.type -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
{%- endmacro %}
