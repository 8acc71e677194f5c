-- 撤销没有对应记录: a withdrawal takes back what its own sender said (trust.md 1), and this sender has said nothing of the record.
{% for feed in feed_names() -%}
select
    'withdrawal_of_nothing' as edit_code,
    '{{ feed }}' as feed,
    {{ record_key('withdrawn', feed) }} as record_key,
    withdrawn.provider,
    withdrawn.file_id,
    withdrawn.sheet,
    withdrawn.line_no,
    cast(null as string) as value_1,
    cast(null as string) as value_2
from {{ staged(feed) }} as withdrawn
-- Withdrawals are few: what was said of anything else is not kept at hand.
left join (
    select distinct
        said.provider,
        {% for column in feed_of(feed).key -%}
        said.{{ column }},
        {% endfor -%}
        true as is_said
    from {{ staged(feed) }} as said
    inner join (
        select distinct
            provider,
            {{ feed_of(feed).key | join(', ') }}
        from {{ staged(feed) }}
        where record_status = '撤销'
    ) as taken_back
        on said.provider = taken_back.provider
        {%- for column in feed_of(feed).key %}
        and said.{{ column }} is not distinct from taken_back.{{ column }}
        {%- endfor %}
    where coalesce(said.record_status, '正常') <> '撤销'
) as said
    on withdrawn.provider = said.provider
    {%- for column in feed_of(feed).key %}
    and withdrawn.{{ column }} is not distinct from said.{{ column }}
    {%- endfor %}
where withdrawn.record_status = '撤销' and said.is_said is null
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
