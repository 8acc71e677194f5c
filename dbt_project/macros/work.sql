{#- What a visit or a hazard says of dangerous work and of contracting out (沪安委办〔2023〕32号 一(二)). -#}

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
