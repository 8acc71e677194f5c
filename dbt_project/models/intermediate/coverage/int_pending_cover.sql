-- 待核: covers that ended after the data of their sender end, so that nobody knows whether the unit renewed (trust.md 3). A unit is
-- pending on a day on which such a cover is the last it is known to have had: after cover_end, before the next one began.
with

covers as (
    select
        policies.insured_uscc,
        policies.industry_code,
        policies.provider,
        policies.policy_no,
        policies.insurer_code,
        policies.inception_date,
        policies.cover_end,
        reaches.covers_to,
        policies.cover_end > reaches.covers_to and policies.cover_end < today.as_of as is_unsure
    from {{ ref('fct_policy') }} as policies
    cross join {{ ref('int_as_of') }} as today
    inner join {{ ref('int_covers_to') }} as reaches
        on policies.provider = reaches.provider
        and reaches.feed = 'policy'
    where policies.is_valid and policies.inception_date <= policies.cover_end and policies.inception_date <= today.as_of
),

concerned as (
    select distinct
        insured_uscc,
        industry_code
    from covers
    where is_unsure
),

ordered as (
    select
        covers.*,
        lead(covers.inception_date) over (
            partition by covers.insured_uscc, covers.industry_code
            order by covers.cover_end, covers.is_unsure, covers.policy_no, covers.provider
        ) as next_cover_from
    from covers
    inner join concerned
        on covers.insured_uscc = concerned.insured_uscc
        and covers.industry_code = concerned.industry_code
),

final as (
    select
        insured_uscc,
        industry_code,
        provider,
        policy_no,
        insurer_code,
        cover_end,
        covers_to,
        next_cover_from
    from ordered
    where is_unsure
)

select * from final
