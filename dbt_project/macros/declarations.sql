{#- Declarations (报送声明, trust.md 3): what has come of a feed and month, to be held against what its sender declared. -#}

{% macro declared_feeds() -%}
    {%- set found = [] -%}
    {%- for name in feed_names() if feed_of(name).is_declared -%}
        {%- do found.append(name) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The Chinese name of a feed. -#}
{% macro feed_title(column) -%}
    case {{ column }}
        {%- for name in declared_feeds() %} when '{{ name }}' then '{{ feed_of(name).title }}'{% endfor %} end
{%- endmacro %}

{#- The month of a day as a number, 202610. -#}
{% macro month_number(day) -%}
    {{ year_of(day) }} * 100 + {{ month_of(day) }}
{%- endmacro %}

{#- Rows of a feed as a declaration counts them: sender, month, amount, whether they take a record back. -#}
{% macro _versions_to_count(feed) -%}
    {%- set control = feed_of(feed).control -%}
    {%- set days = [] -%}
    {%- for column in control.period -%}
        {%- do days.append('cast(versions.' ~ column ~ ' as date)') -%}
    {%- endfor -%}
    {%- set day = 'coalesce(' ~ days | join(', ') ~ ')' if days | length > 1 else days | first -%}
    select
        versions.provider,
        {{ identity_hash(feed) }} as identity_hash,
        {{ month_number(day) if days else 'cast(null as integer)' }} as month_no,
        {{ 'versions.' ~ control.amount if control.amount else 'cast(null as decimal(18, 2))' }} as amount,
        coalesce(versions.record_status, '正常') = '撤销' as is_withdrawn,
        cast(versions.received_at as date) as received_on,
        hash({% for column in feed_of(feed).columns %}versions.{{ column }}{{ ', ' if not loop.last }}{% endfor %}) as content_hash,
        {% for column in feed_of(feed).key -%}
        versions.{{ column }},
        {% endfor -%}
        versions.received_at,
        versions.file_name,
        versions.file_id,
        versions.sheet,
        versions.line_no
    from {{ staged(feed) }} as versions
{%- endmacro %}

{#- What counts of a feed for each declaration of it. A record counts as it was known on the day of the declaration; one that came
    later, as it is now: what arrives late fills the gap, and what is put right afterwards is declared again. Of a feed without
    months (a list as it stands) everything its sender had said by then counts. -#}
{% macro counted_for_declarations(feed) -%}
    {%- set keys = feed_of(feed).key -%}
    {%- set has_months = feed_of(feed).control.period | length > 0 -%}
    select
        declared.provider,
        '{{ feed }}' as feed,
        declared.period,
        cast(sum(case when versions.place = 1 then 1 else 0 end) as bigint) as loaded_rows,
        -- Rows that say once more, word for word, what was said of the record before.
        cast(sum(case when versions.saying > 1 then 1 else 0 end) as bigint) as repeated_rows,
        sum(case when versions.place = 1 then versions.amount end) as loaded_amount
    from (select * from {{ ref('int_declaration') }} where feed = '{{ feed }}') as declared
    inner join (
        {%- if has_months %}
        -- Nearly all records come once.
        select
            versions.provider,
            declared.period_no,
            versions.amount,
            1 as place,
            1 as saying
        from ({{ _versions_to_count(feed) }}) as versions
        inner join {{ ref('int_declaration') }} as declared
            on versions.provider = declared.provider
            and versions.month_no = declared.period_no
            and declared.feed = '{{ feed }}'
        left join ({{ several_versions(feed) }}) as several
            on versions.identity_hash = several.identity_hash
        where several.identity_hash is null and not versions.is_withdrawn

        union all
        {%- endif %}
        select
            ranked.provider,
            ranked.period_no,
            ranked.amount,
            ranked.place,
            ranked.saying
        from (
            select
                versions.*,
                concerned.period_no,
                row_number() over (
                    partition by concerned.period_no, versions.provider, {% for key in keys %}versions.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
                    order by
                        case when versions.received_on <= concerned.declared_on then 0 else 1 end,
                        versions.received_at desc, versions.file_name desc, versions.sheet desc, versions.line_no desc,
                        versions.file_id desc
                ) as place,
                row_number() over (
                    partition by concerned.period_no, versions.provider, {% for key in keys %}versions.{{ key }}, {% endfor %}versions.content_hash
                    order by versions.received_at, versions.file_name, versions.sheet, versions.line_no, versions.file_id
                ) as saying
            from ({{ _versions_to_count(feed) }}) as versions
            {%- if has_months %}
            inner join (
                select distinct
                    touched.identity_hash,
                    touched.provider,
                    declared.period_no,
                    declared.declared_on
                from ({{ _versions_to_count(feed) }}) as touched
                inner join ({{ several_versions(feed) }}) as several
                    on touched.identity_hash = several.identity_hash
                inner join {{ ref('int_declaration') }} as declared
                    on touched.provider = declared.provider
                    and touched.month_no = declared.period_no
                    and declared.feed = '{{ feed }}'
            ) as concerned
                on versions.identity_hash = concerned.identity_hash
                and versions.provider = concerned.provider
            {%- else %}
            inner join (select * from {{ ref('int_declaration') }} where feed = '{{ feed }}') as concerned
                on versions.provider = concerned.provider
                and versions.received_on <= concerned.declared_on
            {%- endif %}
        ) as ranked
        where not ranked.is_withdrawn{{ ' and ranked.month_no = ranked.period_no' if has_months }}
    ) as versions
        on declared.provider = versions.provider
        and declared.period_no = versions.period_no
    group by declared.provider, declared.period
{%- endmacro %}
