-- What has come of each feed and month that was declared: records that count, their control amount, rows
-- that came again as they were.
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
