-- 不履约: a policy ran its whole term with visits contracted and none completed (威应急发〔2023〕11号 三(二)2).
with

served as (
    select
        policy_provider,
        policy_no,
        count(*) as visits
    from {{ ref('fct_service') }}
    where is_completed
    group by policy_provider, policy_no
)

select
    {{ finding(
        'no_service_at_expiry', 'policies', feed='policy', key='policies.policy_no', found_on='policies.cover_end',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='policies.service_frequency', value_2='policies.cover_end',
        amount='policies.premium_received'
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
left join served
    on policies.provider = served.policy_provider
    and policies.policy_no = served.policy_no
where policies.is_valid and policies.cover_end = policies.expiry_date and policies.cover_end < days.as_of
    and policies.service_frequency > 0 and served.policy_no is null
