{#- Knowledge dates (metrics.md, Time): which versions of a record were known at the as-of date. -#}

{#- Landed rows of a feed with their file's received time and sender; only files received by the as-of date. -#}
{% macro known_rows(feed) -%}
    select
        landed.*,
        files.provider,
        files.received_at,
        files.file_name
    from {{ source('landing', feed) }} as landed
    inner join {{ ref('stg_quality__files') }} as files
        on landed.file_id = files.file_id
    where files.status = 'loaded' and files.is_known
{%- endmacro %}

{#- A record's key as one number; the rows are called `versions`. -#}
{% macro key_hash(keys) -%}
    hash({% for key in keys %}versions.{{ key }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Fingerprints of the keys that occur in several versions, and now and then of one that does not: numbers are counted
    in half the time and space of texts, and nearly all records come once. -#}
{% macro several_versions(relation, keys) -%}
    select {{ key_hash(keys) }} as key_hash
    from {{ relation }} as versions
    group by key_hash
    having count(*) > 1
{%- endmacro %}

{#- The versions of records that have several, numbered from the newest.
    Newest = greatest (received, file name, sheet, line); file_id only breaks the tie of equal names.
    `also`: a condition under which records of one version are numbered too. -#}
{% macro ranked_versions(relation, keys, columns='versions.*', also=none) -%}
    select
        {{ columns }},
        row_number() over (
            partition by {% for key in keys %}versions.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
            order by
                versions.received_at desc,
                versions.file_name desc,
                versions.sheet desc,
                versions.line_no desc,
                versions.file_id desc
        ) as version_rank
    from {{ relation }} as versions
    {{ 'left' if also else 'inner' }} join ({{ several_versions(relation, keys) }}) as several
        on {{ key_hash(keys) }} = several.key_hash
    {%- if also %}
    where several.key_hash is not null or {{ also }}
    {%- endif %}
{%- endmacro %}

{#- The newest known version of each record that is not withdrawn (撤销): every row but those that a newer one replaces.
    A row is known by its file, sheet and line, so that whole rows need not be sorted. -#}
{% macro newest_versions(relation, keys) -%}
    select versions.*
    from {{ relation }} as versions
    left join (
        select
            file_id,
            sheet,
            line_no,
            true as is_replaced
        from ({{ ranked_versions(relation, keys, 'versions.file_id, versions.sheet, versions.line_no') }}) as ranked
        where version_rank > 1
    ) as replaced
        on versions.file_id = replaced.file_id
        and versions.line_no = replaced.line_no
        and versions.sheet is not distinct from replaced.sheet
    where replaced.is_replaced is null and coalesce(versions.record_status, '正常') <> '撤销'
{%- endmacro %}

{#- The other known versions: older ones, and withdrawals; `reason` says which. -#}
{% macro other_versions(relation, keys) -%}
    select
        ranked.*,
        case
            when version_rank = 1 then '记录已撤销'
            else '已有更新的版本'
        end as reason
    from ({{ ranked_versions(relation, keys, also="versions.record_status = '撤销'") }}) as ranked
    where version_rank > 1 or record_status = '撤销'
{%- endmacro %}
