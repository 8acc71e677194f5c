-- 报送声明核对: what each sender declared of a feed and month, beside what came (trust.md 3).
with

final as (
    select
        said.provider,
        said.feed,
        said.period,
        said.covers_to,
        said.covers_to_said,
        said.nothing,
        said.declared_rows,
        cast(coalesce(came.loaded_rows, 0) as bigint) as loaded_rows,
        cast(coalesce(came.repeated_rows, 0) as bigint) as repeated_rows,
        said.declared_amount,
        case
            {%- for feed in declared_feeds() if feed_of(feed).control.amount %}
            when said.feed = '{{ feed }}' then {{ yuan('coalesce(came.loaded_amount, 0)') }}
            {%- endfor %}
        end as loaded_amount,
        said.received_at,
        said.file_id,
        said.sheet,
        said.line_no
    from {{ ref('int_declaration') }} as said
    left join {{ ref('int_declared_rows') }} as came
        on said.provider = came.provider
        and said.feed = came.feed
        and said.period = came.period
),

compared as (
    select
        *,
        coalesce(declared_rows <> loaded_rows, false) or coalesce(declared_amount <> loaded_amount, false) as differs,
        -- All of the month came again as it was; a list as it stands is sent whole every time.
        repeated_rows > 0 and repeated_rows >= loaded_rows
        and feed in ({% for feed in declared_feeds() if feed_of(feed).control.period %}{{ ', ' if not loop.first }}'{{ feed }}'{% endfor %}) as came_twice
    from final
)

select * from compared
