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
where withdrawn.record_status = '撤销'
    and not exists (
        select 1
        from {{ staged(feed) }} as said
        where said.provider = withdrawn.provider
            and coalesce(said.record_status, '正常') <> '撤销'
            {%- for column in feed_of(feed).key %}
            and said.{{ column }} is not distinct from withdrawn.{{ column }}
            {%- endfor %}
    )
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
