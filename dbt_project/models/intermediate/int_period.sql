-- Statistical periods: every year in the data, [Y-01-01, min(Y-12-31, as-of)], per jurisdiction.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

years as (
    select {{ year_of('inception_date') }} as stat_year from {{ ref('fct_policy') }} where is_valid
    union
    select {{ year_of('loss_date') }} as stat_year from {{ ref('fct_claim') }} where has_valid_policy
    union
    select {{ year_of('entry_date') }} as stat_year from {{ ref('fct_fee_entry') }} where counts
),

final as (
    select
        jurisdictions.jurisdiction,
        years.stat_year,
        make_date(years.stat_year, 1, 1) as period_start,
        least(make_date(years.stat_year, 12, 31), as_of.as_of) as period_end,
        jurisdictions.programme_start,
        as_of.as_of
    from years
    cross join as_of
    cross join {{ ref('ref_jurisdiction') }} as jurisdictions
    where make_date(years.stat_year, 1, 1) <= as_of.as_of
)

select * from final
