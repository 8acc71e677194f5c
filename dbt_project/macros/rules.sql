{#- One way to look a dated row up, for every table of dated rows alike: of those in force on a day, the most specific one
    (city and field before city before field before the whole country; the home's before the program's), then the latest. -#}

{#- The rows of a table for each city (`city`, `city_name`): its own, or those for all cities where it has none of its own. -#}
{% macro of_each_city(table) -%}
    select cities.jurisdiction as city, cities.name as city_name, listed.*
    from {{ ref('ref_jurisdiction') }} as cities
    inner join {{ ref(table) }} as listed
        on cities.jurisdiction = listed.jurisdiction

    union all

    select cities.jurisdiction as city, cities.name as city_name, listed.*
    from {{ ref('ref_jurisdiction') }} as cities
    cross join {{ ref(table) }} as listed
    where listed.jurisdiction is null
    and cities.jurisdiction not in (select jurisdiction from {{ ref(table) }} where jurisdiction is not null)
{%- endmacro %}

{#- Whether a row holds on a day, for a city and a field. Without a city (or field): only rows that name none. -#}
{#- `of_field`: whether the table's rows name fields at all. -#}
{% macro in_force(rows, day, city=none, field=none, of_field=true) -%}
    {{ day }} >= {{ rows }}.valid_from
    and ({{ rows }}.valid_to is null or {{ day }} <= {{ rows }}.valid_to)
    and {{ is_for(rows, city, field, of_field) }}
{%- endmacro %}

{% macro is_for(rows, city=none, field=none, of_field=true) -%}
    ({{ rows }}.jurisdiction is null{% if city %} or {{ rows }}.jurisdiction = {{ city }}{% endif %})
    {%- if of_field %}
    and ({{ rows }}.industry_code is null{% if field %} or {{ rows }}.industry_code = {{ field }}{% endif %})
    {%- endif %}
{%- endmacro %}

{#- What the row to be taken has most of, as text. -#}
{% macro precedence(rows, since='valid_from', of_field=true) -%}
    case when {{ rows }}.jurisdiction is null then '0' else '1' end
    {%- if of_field %}
    || case when {{ rows }}.industry_code is null then '0' else '1' end
    {%- endif %}
    || case when {{ rows }}.is_home then '1' else '0' end
    || cast({{ rows }}.{{ since }} as string)
{%- endmacro %}

{#- A column of the row in force of a table of dated rules. City and field with the name of their table: a bare one would be the rule's
    own column, and every city's rows would hold everywhere. -#}
{% macro looked_up(table, rule_code, column, day, city=none, field=none) -%}
    {%- for name in [city, field] if name and '.' not in name -%}
        {{ exceptions.raise_compiler_error(rule_code ~ ': ' ~ name ~ ' needs the name of its table') }}
    {%- endfor -%}
    (
        select max_by(rule.{{ column }}, {{ precedence('rule') }}) from {{ ref(table) }} as rule
        where rule.rule_code = '{{ rule_code }}'
        and {{ in_force('rule', day, city, field) }}
    )
{%- endmacro %}

{#- The value of a dated rule on a day (ref_rule). -#}
{% macro rule_value(rule_code, day, city=none, field=none) -%}
    {{ looked_up('ref_rule', rule_code, 'value_num', day, city, field) }}
{%- endmacro %}

{#- Whether a field has to be insured in a city on a day (ref_industry_duty); null where no row says so. -#}
{% macro is_mandatory(day, city, field) -%}
    (
        select max_by(duty.is_mandatory, {{ precedence('duty') }}) from {{ ref('ref_industry_duty') }} as duty
        where {{ in_force('duty', day, city, field) }}
    )
{%- endmacro %}

{#- Whether a row of the roster stands on a day: listed, not removed, in operation (a later closure does not reach back). -#}
{% macro is_on_roster(roster, day) -%}
    {{ roster }}.listed_from <= {{ day }}
        and ({{ roster }}.listed_to is null or {{ roster }}.listed_to > {{ day }})
        and ({{ roster }}.operating_status = '存续' or {{ roster }}.status_date > {{ day }})
{%- endmacro %}

{#- Whether a unit on the roster has to insure: its department says so, or says no without a reason in a field that must (trust.md 3).
    `field_must`: whether its field has to be insured on the day (is_mandatory). -#}
{% macro counts_as_required(roster, field_must) -%}
    ({{ roster }}.mandatory or ({{ roster }}.exempt_reason is null and coalesce({{ field_must }}, false)))
{%- endmacro %}

{#- Whether a cover of int_pending_cover is the last that a unit without cover is known to have had before a day. -#}
{% macro is_pending_on(day, pending) -%}
    {{ pending }}.cover_end < {{ day }} and ({{ pending }}.next_cover_from is null or {{ pending }}.next_cover_from > {{ day }})
{%- endmacro %}

{#- Cross-feed rules: one file each in models/intermediate/edits; a new one is named here and in ref_edit. -#}
{% macro edit_models() -%}
    {{ return([
        'edit_claim_without_policy',
        'edit_loss_outside_cover',
        'edit_claim_dates_out_of_order',
        'edit_paid_above_limit',
        'edit_endorsement_without_policy',
        'edit_endorsement_outside_term',
        'edit_endorsement_of_follower',
        'edit_service_without_policy',
        'edit_service_of_another_unit',
        'edit_service_told_twice',
        'edit_criterion_not_in_force',
        'edit_fee_without_policy',
        'edit_coinsurance_without_policy',
        'edit_coinsurance_shares_not_one',
        'edit_coinsured_policy_differs',
        'edit_coinsured_claim_differs',
        'edit_number_of_two_insurers',
        'edit_roster_contradiction',
        'edit_withdrawal_of_nothing',
        'edit_amount_to_confirm',
        'edit_persons_far_from_employees',
        'edit_premium_per_person_implausible',
        'edit_limit_implausible',
        'edit_one_uscc_many_names',
        'edit_insured_not_on_roster',
        'edit_not_required_without_reason',
        'edit_declared_differs',
        'edit_declared_came_twice',
        'edit_covers_to_ahead',
    ]) }}
{%- endmacro %}
