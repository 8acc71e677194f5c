{#- What scores are made of: evaluation of insurers, assessment of districts and departments (trust.md 4, Scores). Weights: ref_score_weight. -#}

{#- Every part of every score: what it is `of` (count, `total`), when nothing to count is silence rather than no occasion (`silent`: scores 0,
    未报), whether small numbers are drawn towards the mean of all (`pulled`). A part without occasion does not apply: no claim, no
    claim clock. -#}
{% macro insurer_score_parts() -%}
    {{ return([
        {'part': 'service_coverage', 'of': 'serviced_units_in_force', 'total': 'insured_units_in_force', 'silent': 'false'},
        {'part': 'contract_fulfilment', 'of': 'fulfilled_visits', 'total': 'contracted_visits + breach_visits', 'silent': 'false'},
        {
            'part': 'major_hazard_closure_rate', 'of': closed_hazards(), 'total': due_hazards(),
            'silent': 'hazards_reported = 0 and (hazards_found > 0 or hazard_checks >= least_records)',
        },
        {'part': 'satisfaction_share', 'of': 'satisfaction_points / 5.0', 'total': 'satisfaction_answers', 'silent': 'services > 0'},
        {'part': 'decision_on_time_rate', 'of': 'decisions_on_time', 'total': 'decision_clocks', 'silent': 'false'},
        {'part': 'payment_on_time_rate', 'of': 'payments_on_time', 'total': 'payment_clocks + payments_undated', 'silent': 'false'},
        {
            'part': 'data_quality_score', 'of': 'data_quality_score', 'total': 'case when data_quality_score is not null then 1 else 0 end',
            'silent': 'true', 'pulled': false,
        },
        {'part': 'capacity', 'of': 'capacity_met', 'total': 'capacity_asked', 'silent': 'true', 'pulled': false},
    ]) }}
{%- endmacro %}

{% macro assessed_score_parts() -%}
    {{ return([
        {
            'part': 'participation_rate', 'of': 'insured_required_units', 'total': 'required_units - pending_units + unlisted_permits',
            'silent': 'is_mandatory and required_units = 0',
        },
        {
            'part': 'service_coverage', 'of': 'serviced_units_in_force', 'total': 'insured_units_in_force',
            'silent': 'is_mandatory or required_units > 0',
        },
        {
            'part': 'major_hazard_closure_rate', 'of': closed_hazards(), 'total': due_hazards(),
            'silent': 'coalesce(hazards_reported, 0) = 0 and (hazards_found > 0 or services >= least_records)',
        },
        {
            'part': 'problem_closure_rate', 'of': 'problems_closed', 'total': 'problems_due',
            'silent': 'required_units - pending_units - insured_required_units > 0',
        },
        {'part': 'submission_on_time_rate', 'of': 'submissions_on_time', 'total': 'submissions_due', 'silent': 'false'},
    ]) }}
{%- endmacro %}

{#- Major hazards; where none was due all of them speak, so that nobody gains by calling them ordinary. -#}
{% macro closed_hazards() -%}
    {{ return('case when major_hazards_due > 0 then major_hazards_closed else hazards_closed end') }}
{%- endmacro %}

{% macro due_hazards() -%}
    {{ return('case when major_hazards_due > 0 then major_hazards_due else hazards_due end') }}
{%- endmacro %}

{#- The parts of the targets of a relation as rows. -#}
{% macro rows_of_parts(relation, parts) -%}
    {%- for part in parts %}
    select
        score_code,
        jurisdiction,
        stat_year,
        target_kind,
        target_code,
        target_name,
        is_small,
        pull,
        '{{ part.part }}' as part_code,
        cast({{ part.of }} as double) as numerator,
        cast({{ part.total }} as double) as denominator,
        {{ part.pulled if part.pulled is defined else true }} as is_pulled,
        coalesce({{ part.silent }}, false) as is_silent
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
