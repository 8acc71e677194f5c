{#- What models know of feeds: their contracts (pipelines/feeds), handed over by pipelines/transform/project.py. -#}

{#- What the contract of a feed says of whose record a row is: sender, identity, key. -#}
{% macro feed_of(name) -%}
    {{ return(fromjson(env_var('ANZE_FEEDS'))[name]) }}
{%- endmacro %}

{#- Tables of reference data: title, key, columns of each. -#}
{% macro reference_tables() -%}
    {{ return(fromjson(env_var('ANZE_REFERENCE'))) }}
{%- endmacro %}

{% macro feed_names() -%}
    {{ return(fromjson(env_var('ANZE_FEEDS')).keys() | list) }}
{%- endmacro %}

{#- Files of landing (a source). Where landing lies is asked when a model is made and not when it is parsed: what dbt has parsed holds
    for every home. -#}
{% macro landed_in(source_name, table) -%}
    {%- set files = source(source_name, table) | string -%}
    {{ files.replace('@landing@', env_var('ANZE_LANDING', '../data/landing')) if execute else files }}
{%- endmacro %}

{#- A table of reference data: the rows known on the knowledge date. Where a row stands is told under names that no other table has:
    in a look-up (looked_up) the columns of the rule hide those of the row that asks. -#}
{% macro known_reference(table) -%}
    select
        {%- for column in reference_tables()[table].columns %}
        listed.{{ column }},
        {%- endfor %}
        listed.is_home,
        listed.received_at as row_received_at,
        listed.file_id as row_file_id,
        listed.sheet as row_sheet,
        listed.line_no as row_line_no
    from {{ landed_in('reference_data', table) }} as listed
    cross join {{ ref('int_as_of') }} as today
    where (listed.known_from is null or listed.known_from <= today.as_of)
    and (listed.known_to is null or listed.known_to > today.as_of)
{%- endmacro %}
