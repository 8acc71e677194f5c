-- 保障中断: days without cover between two policies of a unit on which the roster required it to have one (应急〔2025〕27号 第十六条).
with

covers as (
    select
        policies.provider,
        policies.policy_no,
        policies.insured_uscc,
        policies.industry_code,
        policies.inception_date,
        max(policies.cover_end) over (
            partition by policies.insured_uscc, policies.industry_code
            order by policies.inception_date, policies.policy_no, policies.provider rows between unbounded preceding and 1 preceding
        ) as covered_until
    from {{ ref('fct_policy') }} as policies
    where policies.is_valid
),

gaps as (
    select
        covers.*,
        {{ days_inclusive(
            'greatest(' ~ add_days('covers.covered_until', 1) ~ ', roster.listed_from)',
            'least(' ~ add_days('covers.inception_date', -1) ~ ', coalesce(' ~ add_days('roster.listed_to', -1) ~ ', ' ~ add_days('covers.inception_date', -1) ~ '), '
            ~ "case when roster.operating_status = '存续' or roster.status_date is null then " ~ add_days('covers.inception_date', -1)
            ~ ' else ' ~ add_days('roster.status_date', -1) ~ ' end)'
        ) }} as days_without
    from covers
    inner join {{ ref('fct_roster') }} as roster
        on covers.insured_uscc = roster.uscc
        and covers.industry_code = roster.industry_code
    where roster.is_required and covers.covered_until is not null
        and (roster.operating_status = '存续' or roster.status_date is not null)
),

-- Few of the policies: only theirs are looked up whole.
interrupted as (
    select
        policies.*,
        gaps.covered_until,
        gaps.days_without
    from gaps
    inner join {{ ref('fct_policy') }} as policies
        on gaps.provider = policies.provider
        and gaps.policy_no = policies.policy_no
    where gaps.days_without > 0
)

select
    {{ finding(
        'cover_interrupted', 'covers', feed='policy', key='covers.policy_no', found_on='covers.inception_date',
        evidence="'policy:' || covers.provider || '/' || covers.policy_no",
        value_1='covers.days_without', value_2='covers.covered_until',
        subject_type='生产经营单位', subject='covers.insured_uscc'
    ) }}
from interrupted as covers
cross join {{ ref('int_as_of') }} as days
-- A gap that begins after the data of that cover's sender end is not known to be one (trust.md 3).
left join {{ ref('int_pending_cover') }} as pending
    on covers.insured_uscc = pending.insured_uscc
    and covers.industry_code = pending.industry_code
    and covers.covered_until = pending.cover_end
where pending.policy_no is null
    and covers.inception_date <= days.as_of
    and covers.days_without > {{ finding_threshold('cover_interrupted', 'covers.inception_date', 'covers.jurisdiction', 'covers.industry_code') }}
