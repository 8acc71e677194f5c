{#- Knowledge dates (metrics.md, Time) and identity (trust.md 1): which versions of a record were known at the as-of date,
    and which of them counts. -#}

{#- The key of a row as one text, as rejections name it: key columns with | between them. -#}
{% macro record_key(rows, name) -%}
    {{ key_of(rows, feed_of(name).key) }}
{%- endmacro %}

{% macro key_of(rows, columns) -%}
    {% for column in columns %}coalesce(cast({{ rows }}.{{ column }} as string), ''){{ " || '|' || " if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro staged(name) -%}
    {{ return(ref('stg_' ~ ('insurer' if feed_of(name).sender == 'insurer' else 'department') ~ '__' ~ name)) }}
{%- endmacro %}

{#- The columns that are one record: with the sender where it gave the number itself. -#}
{% macro identity(name) -%}
    {{ return((['provider'] if feed_of(name).identity == 'sender' else []) + feed_of(name).key) }}
{%- endmacro %}

{#- Landed rows of a feed with their file's received time and sender; only files received by the as-of date. -#}
{% macro known_rows(feed) -%}
    select
        landed.*,
        files.provider,
        files.received_at,
        files.file_name
    from {{ landed_in('landing', feed) }} as landed
    inner join {{ ref('stg_quality__files') }} as files
        on landed.file_id = files.file_id
    where files.status = 'loaded' and files.is_known
{%- endmacro %}

{#- A record's identity as one number; the rows are called `versions`. -#}
{% macro identity_hash(name) -%}
    hash({% for column in identity(name) %}versions.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Fingerprints of the identities that occur in several versions, and now and then of one that does not: numbers are
    counted in half the time and space of texts, and nearly all records come once. -#}
{% macro several_versions(name) -%}
    select identity_hash from {{ ref('int_several_versions') }} where feed = '{{ name }}'
{%- endmacro %}

{#- Newest = greatest (received, file name, sheet, line); file_id only breaks the tie of equal names. -#}
{% macro newest_first() -%}
    received_at desc, file_name desc, sheet desc, line_no desc, file_id desc
{%- endmacro %}

{#- The versions of records that have several, numbered from the one that counts. Of a sender's own record that is the newest;
    of a record of the world the newest of those that stand: each rightful sender's newest, unless it withdrew it.
    `columns`: what is wanted beside the place of the row and what orders it.
    `also`: a condition under which records of one version are numbered too. -#}
{% macro ranked_versions(name, columns=[], also=none) -%}
    {%- set key = feed_of(name).key | join(', ') -%}
    {%- set world = feed_of(name).identity == 'world' -%}
    select
        *,
        row_number() over (
            partition by {{ identity(name) | join(', ') }}
            order by {{ 'case when is_standing then 0 else 1 end, ' if world }}{{ newest_first() }}
        ) as version_rank
    from (
        select
            {% if columns == ['*'] -%}
            versions.*
            {%- else -%}
            {% for column in identity(name) + columns -%}
            versions.{{ column }},
            {% endfor -%}
            versions.received_at,
            versions.file_name,
            versions.file_id,
            versions.sheet,
            versions.line_no
            {%- endif -%}
            {%- if world %},
            coalesce(versions.record_status, '正常') <> '撤销'
            and row_number() over (partition by versions.provider, {{ key }} order by {{ newest_first() }}) = 1 as is_standing
            {%- endif %}
        from {{ staged(name) }} as versions
        {{ 'left' if also else 'inner' }} join ({{ several_versions(name) }}) as several
            on {{ identity_hash(name) }} = several.identity_hash
        {%- if also %}
        where several.identity_hash is not null or {{ also }}
        {%- endif %}
    ) as versions
{%- endmacro %}

{#- The version of each record that counts, unless it is withdrawn (撤销): every row but those that another one replaces.
    A row is known by its file, sheet and line, so that whole rows need not be sorted. -#}
{% macro newest_versions(name) -%}
    select versions.*
    from {{ staged(name) }} as versions
    left join (
        select
            file_id,
            sheet,
            line_no,
            true as is_replaced
        from ({{ ranked_versions(name) }}) as ranked
        where version_rank > 1
    ) as replaced
        on versions.file_id = replaced.file_id
        and versions.line_no = replaced.line_no
        and versions.sheet is not distinct from replaced.sheet
    where replaced.is_replaced is null and coalesce(versions.record_status, '正常') <> '撤销'
{%- endmacro %}

{#- The other known versions: older ones, and withdrawals; `reason` says which. -#}
{% macro other_versions(name) -%}
    select
        ranked.*,
        case
            when version_rank = 1 then '记录已撤销'
            else '已有更新的版本'
        end as reason
    from ({{ ranked_versions(name, ['*'], also="versions.record_status = '撤销'") }}) as ranked
    where version_rank > 1 or record_status = '撤销'
{%- endmacro %}

{#- Each rightful sender's own newest word on the records of the world that several have spoken of, unless it withdrew it. -#}
{% macro standing_words(name) -%}
    select ranked.*
    from ({{ ranked_versions(name, ['*']) }}) as ranked
    where is_standing
{%- endmacro %}

{#- A policy as one value, to be counted: two insurers may use one number. `provider`: the column that says whose it is. -#}
{% macro policy_key(provider='policy_provider') -%}
    {{ provider }} || '|' || policy_no
{%- endmacro %}

{#- Records of a feed with an amount that is asked back before it counts: sender and number. -#}
{% macro awaiting(feed) -%}
    select distinct
        provider,
        record_key,
        true as awaits
    from {{ ref('int_to_confirm') }}
    where feed = '{{ feed }}'
{%- endmacro %}

{#- The sender of reference data: the home itself. -#}
{% macro home_sender() -%}
    '_reference'
{%- endmacro %}
