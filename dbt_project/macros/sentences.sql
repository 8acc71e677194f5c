{#- Sentences of findings and messages, and the numbers of records in them. -#}

{#- A sentence with its placeholders filled in one pass: braces in a value stay text. Landed texts hold no control character,
    so that one can stand for a brace meanwhile. `values`: placeholder → SQL text. -#}
{% macro filled(sentence, values) -%}
    {%- set text = namespace(sql=sentence) -%}
    {%- for name, value in values.items() -%}
        {%- set text.sql = "replace(" ~ text.sql ~ ", '{" ~ name ~ "}', replace(" ~ value ~ ", '{', chr(1)))" -%}
    {%- endfor -%}
    replace({{ text.sql }}, chr(1), '{')
{%- endmacro %}

{#- The number of a record that was joined with its sender (`sender/number`), to be found by either: numbers may hold a / too. -#}
{% macro own_number(joined) -%}
    substring({{ joined }}, position('/' in {{ joined }}) + 1)
{%- endmacro %}

{#- A name with its code, as a sentence says it. -#}
{% macro named(name, code) -%}
    coalesce({{ name }} || '（' || {{ code }} || '）', {{ code }}, '未填')
{%- endmacro %}

{#- A key of several parts (`unit|field`, `city|insurer|year`) as a sentence says it: codes by their names, and without those that the
    sentence names anyway. `names`: SQL of a code → SQL of its name, empty to leave it out. A key of one part stays as it is. -#}
{% macro spoken(key, names) -%}
    {%- set text = namespace(sql="'|' || " ~ key ~ " || '|'") -%}
    {%- for code, name in names.items() -%}
        {%- set said = "coalesce('|' || " ~ name ~ " || '|', '|')" if name else "'|'" -%}
        {%- set text.sql = "replace(" ~ text.sql ~ ", coalesce('|' || " ~ code ~ " || '|', chr(1)), " ~ said ~ ")" -%}
    {%- endfor -%}
    case
        when position('|' in {{ key }}) = 0 then {{ key }}
        else coalesce(nullif(trim(replace({{ text.sql }}, '|', ' ')), ''), {{ key }})
    end
{%- endmacro %}
