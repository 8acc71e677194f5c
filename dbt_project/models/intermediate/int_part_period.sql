-- 同期: this year so far, and the same days of the year before. To the knowledge date (as_of), and to the day to which the city's data
-- reach (data), after which this year's figures are not whole (trust.md 3); none where they do not reach into this year.
with

days as (
    select
        jurisdiction,
        'as_of' as basis,
        as_of as day,
        as_of
    from {{ ref('data_date') }}

    union all

    select
        jurisdiction,
        'data' as basis,
        data_date as day,
        as_of
    from {{ ref('data_date') }}
    where {{ year_of('data_date') }} = {{ year_of('as_of') }}
),

final as (
    select
        jurisdiction,
        basis,
        {{ year_of('day') }} as stat_year,
        make_date({{ year_of('day') }}, 1, 1) as part_start,
        day as part_end
    from days

    union all

    select
        jurisdiction,
        basis,
        {{ year_of('day') }} - 1 as stat_year,
        make_date({{ year_of('day') }} - 1, 1, 1) as part_start,
        -- The year before has no 29 February.
        make_date(
            {{ year_of('day') }} - 1,
            {{ month_of('day') }},
            case when {{ month_of('day') }} = 2 then least({{ day_of('day') }}, 28) else {{ day_of('day') }} end
        ) as part_end
    from days
)

select * from final
