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

{#- All known versions of each record, numbered from the newest.
    Newest = greatest (received, file name, sheet, line); file_id only breaks the tie of equal names. -#}
{% macro ranked_versions(relation, keys) -%}
    select
        *,
        row_number() over (
            partition by {{ keys | join(', ') }}
            order by received_at desc, file_name desc, sheet desc, line_no desc, file_id desc
        ) as version_rank
    from {{ relation }}
{%- endmacro %}

{#- The newest known version of each record that is not withdrawn (撤销). -#}
{% macro newest_versions(relation, keys) -%}
    select * from ({{ ranked_versions(relation, keys) }}) as ranked
    where version_rank = 1 and coalesce(record_status, '正常') <> '撤销'
{%- endmacro %}

{#- The other known versions: older ones, and withdrawals; `reason` says which. -#}
{% macro other_versions(relation, keys) -%}
    select
        *,
        case
            when version_rank = 1 then '记录已撤销'
            else '已有更新的版本'
        end as reason
    from ({{ ranked_versions(relation, keys) }}) as ranked
    where version_rank > 1 or record_status = '撤销'
{%- endmacro %}
