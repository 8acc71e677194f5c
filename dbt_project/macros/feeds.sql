{#- What models know of feeds: their contracts (pipelines/feeds), handed over by pipelines/transform/project.py. -#}

{#- What the contract of a feed says of whose record a row is: sender, identity, key. -#}
{% macro feed_of(name) -%}
    {{ return(fromjson(env_var('ANZE_FEEDS'))[name]) }}
{%- endmacro %}

{% macro feed_names() -%}
    {{ return(fromjson(env_var('ANZE_FEEDS')).keys() | list) }}
{%- endmacro %}
