-- Statistical periods per jurisdiction: every year from the programme's start to the knowledge date, whether or not anything began
-- in it (trust.md 7), and earlier ones that are in the data: [Y-01-01, min(Y-12-31, as-of)].
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

cities as (
    select * from {{ ref('ref_jurisdiction') }}
),

in_the_data as (
    select {{ year_of('inception_date') }} as stat_year from {{ ref('fct_policy') }} where is_valid
    union
    select {{ year_of('loss_date') }} as stat_year from {{ ref('fct_claim') }} where has_valid_policy
    union
    select {{ year_of('entry_date') }} as stat_year from {{ ref('fct_fee_entry') }} where counts
),

years as (
    select
        cities.jurisdiction,
        in_the_data.stat_year
    from cities
    cross join in_the_data

    union

    select
        cities.jurisdiction,
        {{ year_of('days.day') }} as stat_year
    from cities
    inner join {{ ref('dim_date') }} as days
        on cities.programme_start <= days.day
),

final as (
    select
        cities.jurisdiction,
        years.stat_year,
        make_date(years.stat_year, 1, 1) as period_start,
        least(make_date(years.stat_year, 12, 31), as_of.as_of) as period_end,
        cities.programme_start,
        as_of.as_of
    from cities
    inner join years
        on cities.jurisdiction = years.jurisdiction
    cross join as_of
    where make_date(years.stat_year, 1, 1) <= as_of.as_of
)

select * from final
