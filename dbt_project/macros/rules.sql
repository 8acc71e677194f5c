{#- The value of a dated rule on a day (ref_rule). -#}
{% macro rule_value(rule_code, day) -%}
    (
        select max(rule.value_num) from {{ ref('ref_rule') }} as rule
        where rule.rule_code = '{{ rule_code }}'
        and {{ day }} >= rule.valid_from
        and (rule.valid_to is null or {{ day }} <= rule.valid_to)
    )
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
    ]) }}
{%- endmacro %}
