{#- The newest acceptance of each record key per sender and feed: what releases an old rejection. -#}
{% macro accepted_keys() -%}
    {%- set feeds = {
        'policy': ('stg_insurer__policy', ['policy_no']),
        'coinsurance': ('stg_insurer__coinsurance', ['policy_no', 'insurer_code']),
        'endorsement': ('stg_insurer__endorsement', ['endorsement_no']),
        'claim': ('stg_insurer__claim', ['claim_no']),
        'service_record': ('stg_insurer__service_record', ['service_no']),
        'fee_ledger': ('stg_insurer__fee_ledger', ['entry_no']),
        'enterprise': ('stg_department__enterprise', ['uscc', 'industry_code']),
    } -%}
    {%- for feed, (model, keys) in feeds.items() %}
    select
        '{{ feed }}' as feed,
        provider,
        {{ keys | join(" || '|' || ") }} as record_key,
        max(received_at) as last_received_at
    from {{ ref(model) }}
    group by provider, {{ keys | join(', ') }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}
