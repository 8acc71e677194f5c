-- 应报期: every period that each sender owed of each feed and that was due by the knowledge date, and whether it had come by then: a
-- declaration that reaches to the period's end, or, from who has declared nothing yet, a file received after it.
with

owed as (
    select * from {{ ref('int_owed') }}
),

-- The last days of months.
month_ends as (
    select day as period_end
    from {{ ref('dim_date') }}
    where day = last_day(day)
),

due as (
    select
        owed.provider,
        owed.feed,
        month_ends.period_end,
        {{ add_days('month_ends.period_end', 'cast(owed.due_day as integer)') }} as due
    from owed
    inner join month_ends
        on owed.owed_from <= month_ends.period_end
        and mod({{ month_of('month_ends.period_end') }}, owed.months) = 0
),

passed as (
    select due.*
    from due
    cross join {{ ref('int_as_of') }} as today
    where due.due < today.as_of
),

-- Every version of a declaration that stands: who corrects one later had declared by the day all the same, no further than it says now.
said as (
    select
        versions.provider,
        versions.feed,
        cast(versions.received_at as date) as declared_on,
        least(versions.covers_to, cast(versions.received_at as date), newest.covers_to) as covers_to
    from {{ staged('declaration') }} as versions
    inner join {{ ref('int_declaration') }} as newest
        on versions.provider = newest.provider
        and versions.feed = newest.feed
        and versions.period = newest.period
    where coalesce(versions.record_status, '正常') <> '撤销'
),

declared as (
    select
        passed.provider,
        passed.feed,
        passed.period_end,
        max(case when said.covers_to >= passed.period_end then 1 else 0 end) as is_covered
    from passed
    inner join said
        on passed.provider = said.provider
        and passed.feed = said.feed
        and passed.due >= said.declared_on
    group by passed.provider, passed.feed, passed.period_end
),

received as (
    select distinct
        passed.provider,
        passed.feed,
        passed.period_end
    from passed
    inner join {{ ref('stg_quality__files') }} as files
        on passed.provider = files.provider
        and passed.feed = files.feed
        and cast(files.received_at as date) between passed.period_end and passed.due
    where files.is_known and files.status = 'loaded' and files.rows_accepted > 0
),

final as (
    select
        passed.provider,
        passed.feed,
        passed.period_end,
        passed.due,
        case
            when declared.provider is not null then declared.is_covered = 1
            else received.provider is not null
        end as is_on_time
    from passed
    left join declared
        on passed.provider = declared.provider
        and passed.feed = declared.feed
        and passed.period_end = declared.period_end
    left join received
        on passed.provider = received.provider
        and passed.feed = received.feed
        and passed.period_end = received.period_end
)

select * from final
