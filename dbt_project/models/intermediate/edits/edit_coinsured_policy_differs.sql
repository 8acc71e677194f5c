-- 从共保人的保单副本: the lead's counts; the follower hears so, and both hear where the two differ by a yuan or a day (trust.md 1).
with

pairs as (
    select
        copies.provider,
        copies.policy_no,
        copies.leader_provider,
        abs(copies.premium_written - leaders.premium_written) >= 1
        or abs(copies.premium_received - leaders.premium_received) >= 1
        or copies.inception_date <> leaders.inception_date
        or copies.expiry_date <> leaders.expiry_date as is_different
    from {{ ref('fct_policy') }} as copies
    inner join {{ ref('fct_policy') }} as leaders
        on copies.leader_provider = leaders.provider
        and copies.policy_no = leaders.policy_no
),

told as (
    select
        provider,
        policy_no,
        case when is_different then '两份保单的保费或期间不一致，' else '' end as difference
    from pairs

    union all

    select distinct
        leader_provider as provider,
        policy_no,
        '与从共保人报送的副本的保费或期间不一致，' as difference
    from pairs
    where is_different
)

select
    'coinsured_policy_differs' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    told.difference as value_1,
    cast(null as string) as value_2
from told
inner join {{ ref('fct_policy') }} as policies
    on told.provider = policies.provider
    and told.policy_no = policies.policy_no
