{{ config(materialized='table') }}
-- 共保引用: the policy that a follower means by a number it has no policy of its own under: the one of an insurer whose
-- co-insurance rows name the follower (trust.md 1, References). Everybody else means only its own policies.
-- One row per follower's sender and number; of several leads the one in the follower's own city, then the first by name.
with

policies as (
    select
        provider,
        policy_no,
        insurer_code,
        jurisdiction,
        leader_provider is not null as is_copy
    from {{ ref('fct_policy') }}
),

members as (
    select
        members.provider,
        members.policy_no,
        members.insurer_code
    from ({{ newest_versions('coinsurance') }}) as members
),

followers as (
    select
        provider,
        insurer_code,
        jurisdiction
    from {{ ref('ref_provider') }}
    where kind = 'insurer'
),

named as (
    select
        followers.provider,
        policies.policy_no,
        policies.provider as policy_provider,
        row_number() over (
            partition by followers.provider, policies.policy_no
            order by case when followers.jurisdiction = policies.jurisdiction then 0 else 1 end, policies.provider
        ) as place
    from members
    inner join policies
        on members.provider = policies.provider
        and members.policy_no = policies.policy_no
        and members.insurer_code <> policies.insurer_code
    inner join followers
        on members.insurer_code = followers.insurer_code
    where not policies.is_copy
)

select
    named.provider,
    named.policy_no,
    named.policy_provider
from named
left join policies as own
    on named.provider = own.provider
    and named.policy_no = own.policy_no
    and not own.is_copy
where named.place = 1 and own.policy_no is null
