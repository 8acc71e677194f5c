-- 不履约: on-site service was agreed, the cover is over, and every completed visit was on line (威应急发〔2023〕11号 四(二)).
with

visits as (
    select
        policy_provider,
        policy_no,
        count(*) as visits,
        sum(case when form = '线下' then 1 else 0 end) as onsite
    from {{ ref('fct_service') }}
    where is_completed
    group by policy_provider, policy_no
)

select
    {{ finding(
        'online_only', 'policies', feed='policy', key='policies.policy_no', found_on='policies.cover_end',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='visits.visits', value_2='policies.cover_end'
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
inner join visits
    on policies.provider = visits.policy_provider
    and policies.policy_no = visits.policy_no
    and visits.onsite = 0
where policies.is_valid and policies.service_form = '线下' and policies.cover_end < days.as_of
