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

{#- Keys that occur in several versions. Nearly all records come once: only the others are worth sorting. -#}
{% macro several_versions(relation, keys) -%}
    select
        {{ keys | join(', ') }},
        true as is_several
    from {{ relation }}
    group by {{ keys | join(', ') }}
    having count(*) > 1
{%- endmacro %}

{% macro same_key(one, other, keys) -%}
    {%- for key in keys %}{{ one }}.{{ key }} is not distinct from {{ other }}.{{ key }}{{ ' and ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{#- The versions of records that have several, numbered from the newest.
    Newest = greatest (received, file name, sheet, line); file_id only breaks the tie of equal names. -#}
{% macro ranked_versions(relation, keys) -%}
    select
        versions.*,
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
    inner join ({{ several_versions(relation, keys) }}) as several
        on {{ same_key('versions', 'several', keys) }}
{%- endmacro %}

{#- The newest known version of each record that is not withdrawn (撤销). -#}
{% macro newest_versions(relation, keys) -%}
    select * from (
        select
            versions.*,
            1 as version_rank
        from {{ relation }} as versions
        left join ({{ several_versions(relation, keys) }}) as several
            on {{ same_key('versions', 'several', keys) }}
        where several.is_several is null

        union all

        select * from ({{ ranked_versions(relation, keys) }}) as ranked
        where version_rank = 1
    ) as newest
    where coalesce(record_status, '正常') <> '撤销'
{%- endmacro %}

{#- The other known versions: older ones, and withdrawals; `reason` says which. -#}
{% macro other_versions(relation, keys) -%}
    select
        ranked.*,
        case
            when version_rank = 1 then '记录已撤销'
            else '已有更新的版本'
        end as reason
    from ({{ ranked_versions(relation, keys) }}) as ranked
    where version_rank > 1 or record_status = '撤销'

    union all

    select
        versions.*,
        1 as version_rank,
        '记录已撤销' as reason
    from {{ relation }} as versions
    left join ({{ several_versions(relation, keys) }}) as several
        on {{ same_key('versions', 'several', keys) }}
    where versions.record_status = '撤销' and several.is_several is null
{%- endmacro %}
