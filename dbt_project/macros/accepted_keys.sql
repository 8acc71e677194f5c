{#- The newest acceptance of each record key per sender and feed: what releases an old rejection.
    `rejected`: a relation with provider, feed and record_key; only these are looked for. -#}
{% macro accepted_keys(rejected) -%}
    {%- for name in feed_names() %}
    select
        '{{ name }}' as feed,
        records.provider,
        rejected.record_key,
        max(records.received_at) as last_received_at
    from {{ staged(name) }} as records
    inner join {{ rejected }} as rejected
        on records.provider = rejected.provider
        and rejected.feed = '{{ name }}'
        and {{ record_key('records', name) }} = rejected.record_key
    group by records.provider, rejected.record_key
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}
