{#- The threshold of a rule of supervision on a day (ref_finding_rule). -#}
{% macro finding_threshold(rule_code, day) -%}
    (
        select max(tuned.threshold) from {{ ref('ref_finding_rule') }} as tuned
        where tuned.rule_code = '{{ rule_code }}'
        and {{ day }} >= tuned.valid_from
        and (tuned.valid_to is null or {{ day }} <= tuned.valid_to)
    )
{%- endmacro %}

{#- Rules of supervision: one file each in models/marts/findings/rules; a new one is named here and in
    ref_finding_rule. -#}
{% macro finding_models() -%}
    {{ return([
        'finding_claim_decision_late',
        'finding_claim_payment_late',
        'finding_commission_above_cap',
        'finding_complaint_late',
        'finding_fee_above_contract',
        'finding_fee_without_service',
        'finding_fee_without_voucher',
        'finding_hazard_notice_late',
        'finding_limit_below_floor',
        'finding_payee_not_permitted',
        'finding_persons_below_employees',
        'finding_provision_never_spent',
        'finding_refusal_not_reported',
        'finding_served_not_insured',
        'finding_service_without_evidence',
        'finding_uninsured_unit',
        'finding_visit_off_hours',
        'finding_wrong_product',
    ]) }}
{%- endmacro %}
