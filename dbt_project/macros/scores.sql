{#- Scores whose weights are rows of ref_score_weight (evaluation of insurers, assessment of districts and departments). -#}

{#- The parts of a score; each is a column of that name, a fraction 0..1. -#}
{% macro evaluated_parts() -%}
    {{ return([
        'service_coverage', 'contract_fulfilment', 'major_hazard_closure_rate', 'satisfaction_share',
        'decision_on_time_rate', 'payment_on_time_rate', 'data_quality_score',
    ]) }}
{%- endmacro %}

{% macro assessed_parts() -%}
    {{ return([
        'participation_rate', 'service_coverage', 'major_hazard_closure_rate', 'problem_closure_rate',
        'submission_on_time_rate',
    ]) }}
{%- endmacro %}

{#- Every part, once. -#}
{% macro score_parts() -%}
    {%- set parts = [] -%}
    {%- for part in evaluated_parts() + assessed_parts() if part not in parts -%}
        {%- do parts.append(part) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{#- The weights of the parts that have a value, added up: what the score divides by. Columns <part> and <part>_weight. -#}
{% macro weights_present(parts) -%}
    nullif(
        {%- for part in parts %}
        {% if not loop.first %}+ {% endif %}case when {{ part }} is not null then {{ part }}_weight else 0 end
        {%- endfor %}, 0
    )
{%- endmacro %}

{#- 0 to 100: the weighted mean of the parts that have a value; null when none has. -#}
{% macro weighted_score(parts) -%}
    round(
        100 * (
            {%- for part in parts %}
            {% if not loop.first %}+ {% endif %}coalesce({{ part }} * {{ part }}_weight, 0)
            {%- endfor %}
        ) / {{ weights_present(parts) }}, 2
    )
{%- endmacro %}

{#- 参保率 as a district or department can be held to it: of the units of which it is known. -#}
{% macro known_participation(cells) -%}
    {{ ratio(cells ~ '.insured_required_units', '(' ~ cells ~ '.required_units - ' ~ cells ~ '.pending_units)') }}
{%- endmacro %}
