-- 取数时点与数据截至 of each city: what is known is of the one day, how far it reaches of the other (trust.md 3). The data of a city
-- reach as far as those of the insurer that owes it policies and is the furthest behind; one that never sent any is named instead.
with

reach as (
    select
        jurisdiction,
        min(covers_to) as data_date
    from {{ ref('int_coverage') }}
    where feed = 'policy' and sender_kind = 'insurer' and is_owed
    group by jurisdiction
),

begun as (
    select
        jurisdiction,
        min(inception_date) as data_since
    from {{ ref('fct_policy') }}
    where is_valid
    group by jurisdiction
),

final as (
    select
        cities.jurisdiction,
        today.as_of,
        least(reach.data_date, today.as_of) as data_date,
        begun.data_since,
        cities.programme_start
    from {{ ref('ref_jurisdiction') }} as cities
    cross join {{ ref('int_as_of') }} as today
    left join reach
        on cities.jurisdiction = reach.jurisdiction
    left join begun
        on cities.jurisdiction = begun.jurisdiction
)

select * from final
