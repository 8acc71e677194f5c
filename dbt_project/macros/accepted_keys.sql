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

    union all
    {% endfor %}
    {%- for name in reference_tables() %}
    select
        '{{ name }}' as feed,
        {{ home_sender() }} as provider,
        rejected.record_key,
        max(listed.row_received_at) as last_received_at
    from {{ ref(name) }} as listed
    inner join {{ rejected }} as rejected
        on rejected.feed = '{{ name }}'
        and {{ key_of('listed', reference_tables()[name].key) }} = rejected.record_key
    where listed.is_home
    group by rejected.record_key
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}

{#- The number under which a refused file or a rejected row is spoken of (退回编号): file, line, and of workbooks the sheet.
    By `||`, which is empty for a line that there is not: DuckDB's concat leaves an empty part out and keeps the dash. -#}
{% macro reject_no(issue) -%}
    upper(
        {{ issue }}.file_id
        || coalesce('-' || cast({{ issue }}.line_no as string), '')
        || case when {{ issue }}.sheet <> '' then '-' || substring(md5({{ issue }}.sheet), 1, 6) else '' end
    )
{%- endmacro %}

{#- Accepted rows of all feeds that say which rejected row of the feed they put right, also where its key was part of what was wrong. -#}
{% macro corrections() -%}
    {%- for name in feed_names() %}
    select
        provider,
        '{{ name }}' as feed,
        upper(trim(corrects)) as reject_no,
        received_at
    from {{ staged(name) }}
    where corrects is not null
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}

{#- 收件编号, made of sender, feed and content as pipelines/ingest/manifest.py makes it for receipts. -#}
{% macro receipt_no() -%}
    substring(md5(provider || '|' || feed || '|' || sha256), 1, 24)
{%- endmacro %}
