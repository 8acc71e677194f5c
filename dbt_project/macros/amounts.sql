{#- Amounts in yuan. Engines round halves of doubles and decimals differently, so what is divided is divided as whole
    numbers of a smaller unit; every other amount is a sum of decimals. -#}

{#- Yuan. -#}
{% macro yuan(amount) -%}
    cast({{ amount }} as decimal(18, 2))
{%- endmacro %}

{#- Median in yuan, half cents included: of cents, as a double holds halves exactly. -#}
{% macro median_yuan(amount) -%}
    cast(median(cast({{ amount }} * 100 as bigint)) as decimal(18, 1)) * 0.01
{%- endmacro %}

{#- The part of an amount that falls to some days of a term, to a millionth of a yuan, halves away from zero. -#}
{% macro prorated(amount, days, of_days) -%}
    {%- set twice = '(2 * cast(abs(' ~ amount ~ ') * 1000000 as bigint) * ' ~ days ~ ' + ' ~ of_days ~ ')' -%}
    {%- set unit = '(2 * ' ~ of_days ~ ')' -%}
    cast(
        (case when {{ amount }} < 0 then -1 else 1 end) * cast(round(({{ twice }} - {{ twice }} % {{ unit }}) / {{ unit }}) as decimal(18, 0)) * 0.000001
        as decimal(18, 6)
    )
{%- endmacro %}
