-- 保单号重复: policies whose number another insurer of the city uses too, without co-insurance between the two (a follower's copy
-- is none). With the same unit and days it may be co-insurance whose rows are still to come: thirty days are waited for
-- them (ref_rule: coinsurance_wait_days; trust.md 7).
with

policies as (
    select * from {{ ref('fct_policy') }} where leader_provider is null
),

repeated as (
    select
        jurisdiction,
        policy_no
    from policies
    group by jurisdiction, policy_no
    having min(insurer_code) <> max(insurer_code)
),

alike as (
    select policies.*
    from policies
    inner join repeated
        on policies.jurisdiction = repeated.jurisdiction
        and policies.policy_no = repeated.policy_no
),

pairs as (
    select
        mine.*,
        others.insurer_code as other_insurer_code,
        others.provider as other_provider,
        row_number() over (partition by mine.provider, mine.policy_no order by others.insurer_code, others.provider) as place
    from alike as mine
    inner join alike as others
        on mine.jurisdiction = others.jurisdiction
        and mine.policy_no = others.policy_no
        and mine.insurer_code <> others.insurer_code
    cross join {{ ref('int_as_of') }} as days
    where mine.insured_uscc <> others.insured_uscc
        or mine.inception_date <> others.inception_date
        or mine.expiry_date <> others.expiry_date
        or {{ days_inclusive('cast(greatest(mine.received_at, others.received_at) as date)', 'days.as_of') }} - 1
        > {{ rule_value('coinsurance_wait_days', 'days.as_of', 'mine.jurisdiction', 'mine.industry_code') }}
)

select * from pairs
where place = 1
