{#- The newest acceptance of each record key per sender and feed: what releases an old rejection.
    `rejected`: a relation with provider, feed and record_key; only these are looked for. -#}
{% macro accepted_keys(rejected) -%}
    {%- set feeds = {
        'accident': ('stg_department__accident', ['accident_id']),
        'claim': ('stg_insurer__claim', ['claim_no']),
        'coinsurance': ('stg_insurer__coinsurance', ['policy_no', 'insurer_code']),
        'complaint': ('stg_department__complaint', ['complaint_no']),
        'contact': ('stg_department__contact', ['department', 'role']),
        'credit_list': ('stg_department__credit_list', ['list_no']),
        'document': ('stg_department__document', ['doc_no']),
        'endorsement': ('stg_insurer__endorsement', ['endorsement_no']),
        'enforcement': ('stg_department__enforcement', ['case_no']),
        'enterprise': ('stg_department__enterprise', ['uscc', 'industry_code']),
        'expert': ('stg_department__expert', ['certificate_no']),
        'fee_ledger': ('stg_insurer__fee_ledger', ['entry_no']),
        'hazard': ('stg_insurer__hazard', ['hazard_no']),
        'indicator': ('stg_department__indicator', ['district_code', 'year', 'name']),
        'inspection': ('stg_department__inspection', ['inspection_no']),
        'policy': ('stg_insurer__policy', ['policy_no']),
        'problem': ('stg_department__problem', ['problem_no']),
        'project': ('stg_department__project', ['project_code']),
        'service_org': ('stg_department__service_org', ['uscc']),
        'service_plan': ('stg_insurer__service_plan', ['insurer_code', 'plan_year', 'insured_uscc']),
        'service_record': ('stg_insurer__service_record', ['service_no']),
    } -%}
    {%- for feed, (model, keys) in feeds.items() %}
    {%- set record_key %}{% for key in keys %}coalesce(cast(records.{{ key }} as string), ''){{ " || '|' || " if not loop.last }}{% endfor %}{% endset %}
    select
        '{{ feed }}' as feed,
        records.provider,
        rejected.record_key,
        max(records.received_at) as last_received_at
    from {{ ref(model) }} as records
    inner join {{ rejected }} as rejected
        on records.provider = rejected.provider
        and rejected.feed = '{{ feed }}'
        and {{ record_key }} = rejected.record_key
    group by records.provider, rejected.record_key
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}
