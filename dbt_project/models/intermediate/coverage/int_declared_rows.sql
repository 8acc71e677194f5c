-- What has come of each feed and month that was declared: rows received, records that count, their control amount.
with

counted as (
    {%- for feed in declared_feeds() %}
    {{ counted_for_declarations(feed) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
)

select * from counted
