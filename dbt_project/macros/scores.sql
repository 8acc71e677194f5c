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

{#- The weight of a part in a year. -#}
{% macro score_weight(score, part, stat_year) -%}
    (
        select max(weights.weight) from {{ ref('ref_score_weight') }} as weights
        where weights.score = {{ score }} and weights.part_code = '{{ part }}'
        and {{ stat_year }} >= weights.valid_from_year
        and (weights.valid_to_year is null or {{ stat_year }} <= weights.valid_to_year)
    )
{%- endmacro %}

{#- The weights of the parts that have a value, added up: what the score divides by. -#}
{% macro weights_present(parts, score, stat_year) -%}
    nullif(
        {%- for part in parts %}
        {% if not loop.first %}+ {% endif %}case when {{ part }} is not null then coalesce({{ score_weight(score, part, stat_year) }}, 0) else 0 end
        {%- endfor %}, 0
    )
{%- endmacro %}

{#- 0 to 100: the weighted mean of the parts that have a value; null when none has. -#}
{% macro weighted_score(parts, score, stat_year) -%}
    round(
        100 * (
            {%- for part in parts %}
            {% if not loop.first %}+ {% endif %}coalesce({{ part }} * {{ score_weight(score, part, stat_year) }}, 0)
            {%- endfor %}
        ) / {{ weights_present(parts, score, stat_year) }}, 2
    )
{%- endmacro %}
