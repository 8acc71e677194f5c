{{ config(materialized='table') }}
-- 从共保人的保单副本: policies that a co-insurer reports beside the lead (trust.md 1: the follower's own copy is compared, the
-- leader's counts). A copy is one whose number the lead reports too, for the same unit and overlapping days, with co-insurance
-- rows that name the lead itself as 首席 and the sender of the copy not; and whose sender does not call itself the lead.
-- Whoever calls itself the lead is nobody's copy, so that no two policies can put each other aside.
with

members as (
    {{ newest_versions('coinsurance') }}
),

providers as (
    select * from {{ ref('ref_provider') }} where kind = 'insurer'
),

-- Policies that somebody has sent co-insurance rows of: few, and only they are looked at.
policies as (
    select newest.*
    from ({{ newest_versions('policy') }}) as newest
    where newest.policy_no in (select members.policy_no from members)
),

leads as (
    select members.*
    from members
    inner join providers
        on members.provider = providers.provider
        and members.insurer_code = providers.insurer_code
    where members.is_lead
),

led as (
    select
        leads.provider as leader_provider,
        leads.policy_no,
        followers.insurer_code
    from leads
    inner join members as followers
        on leads.provider = followers.provider
        and leads.policy_no = followers.policy_no
        and leads.insurer_code <> followers.insurer_code
    where not coalesce(followers.is_lead, false)
)

select
    copies.provider,
    copies.policy_no,
    min(originals.provider) as leader_provider
from policies as copies
inner join led
    on copies.policy_no = led.policy_no
    and copies.insurer_code = led.insurer_code
    and copies.provider <> led.leader_provider
inner join policies as originals
    on led.leader_provider = originals.provider
    and led.policy_no = originals.policy_no
    and copies.insured_uscc = originals.insured_uscc
    and copies.inception_date <= originals.expiry_date
    and copies.expiry_date >= originals.inception_date
left join leads
    on copies.provider = leads.provider
    and copies.policy_no = leads.policy_no
where leads.policy_no is null
group by copies.provider, copies.policy_no
