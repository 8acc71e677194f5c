-- 连续在保: unbroken stretches of days on which a unit is insured in a field, whoever insures it. One row per stretch.
with

covers as (
    select
        insured_uscc,
        industry_code,
        inception_date,
        cover_end,
        max(cover_end) over (
            partition by insured_uscc, industry_code order by inception_date, cover_end
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    -- Two policies of the same days are one cover: with equal ones the two orders below might differ.
    from (select distinct insured_uscc, industry_code, inception_date, cover_end from {{ ref('fct_policy') }} where is_valid)
    where inception_date <= cover_end
),

numbered as (
    select
        *,
        sum(case when inception_date <= {{ add_days('covered_until', 1) }} then 0 else 1 end) over (
            partition by insured_uscc, industry_code order by inception_date, cover_end rows between unbounded preceding and current row
        ) as stretch
    from covers
)

select
    insured_uscc,
    industry_code,
    min(inception_date) as starts_on,
    max(cover_end) as ends_on
from numbered
group by insured_uscc, industry_code, stretch
