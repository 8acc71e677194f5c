-- 日历: working days as the State Council announces them (chinesecalendar), corrected by ref_holiday.
-- working_day_no counts working days from the calendar's start: working days between two days are the
-- difference of their numbers.
with

calendar as (
    select * from {{ landed_in('landing', 'calendar') }}
),

corrected as (
    select
        calendar.day,
        coalesce(overrides.is_working_day, calendar.is_working_day) as is_working_day,
        calendar.is_announced or overrides.day is not null as is_announced
    from calendar
    left join {{ ref('ref_holiday') }} as overrides
        on calendar.day = overrides.day
),

final as (
    select
        day,
        is_working_day,
        is_announced,
        cast(
            sum(case when is_working_day then 1 else 0 end) over (order by day rows between unbounded preceding and current row)
            as integer
        ) as working_day_no
    from corrected
)

select * from final
