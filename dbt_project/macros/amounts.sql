{#- Amounts in yuan. Contracts let a single amount be up to 10^11 yuan and a share or factor up to 10^6; sums of a city and products
    must hold the largest of them (trust.md 2), so that none of these overflows. Engines round halves of doubles and decimals differently, so what is divided is divided as whole
    numbers of a smaller unit; every other amount is a sum of decimals. -#}

{#- Yuan, of any sum. -#}
{% macro yuan(amount) -%}
    cast({{ amount }} as decimal(24, 2))
{%- endmacro %}

{#- Every product of an amount and a share, cap or factor. Engines multiply eighteen digits by eighteen into eighteen.
    `digits`: of the amount, behind the point. -#}
{% macro share_of(amount, share, digits=2) -%}
    (cast({{ amount }} as decimal(24, {{ digits }})) * cast({{ share }} as decimal(12, 6)))
{%- endmacro %}

{#- Median in yuan, half cents included: of cents, as a double holds halves exactly. -#}
{% macro median_yuan(amount) -%}
    cast(median(cast({{ amount }} * 100 as bigint)) as decimal(18, 1)) * 0.01
{%- endmacro %}

{#- The part of an amount that falls to some days of a term, to a millionth of a yuan, halves away from zero. -#}
{% macro prorated(amount, days, of_days) -%}
    {%- set millionths = 'cast(cast(abs(' ~ amount ~ ') as decimal(24, 2)) * 1000000 as decimal(20, 0))' -%}
    {%- set twice = '(2 * ' ~ millionths ~ ' * ' ~ days ~ ' + ' ~ of_days ~ ')' -%}
    cast(
        (case when {{ amount }} < 0 then -1 else 1 end)
        * cast({{ whole_division(twice, '(2 * ' ~ of_days ~ ')') }} as decimal(18, 0)) * 0.000001
        as decimal(18, 6)
    )
{%- endmacro %}
