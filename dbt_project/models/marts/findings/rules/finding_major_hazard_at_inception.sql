-- 带患承保: a major hazard of the unit, found by the first day of cover, was not rechecked by then
-- (威应急发〔2023〕11号 二(五): insure after rectification).
with

open_hazards as (
    select
        policies.provider,
        policies.policy_no,
        min(hazards.provider || '/' || hazards.hazard_no) as hazard
    from {{ ref('fct_policy') }} as policies
    inner join {{ ref('fct_hazard') }} as hazards
        on policies.insured_uscc = hazards.insured_uscc
        and policies.inception_date >= hazards.found_date
        and (hazards.rechecked_on is null or policies.inception_date < hazards.rechecked_on)
    where policies.is_valid and hazards.grade = '重大'
    group by policies.provider, policies.policy_no
)

select
    {{ finding(
        'major_hazard_at_inception', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no || '；hazard:' || open_hazards.hazard",
        value_1='policies.insured_uscc', value_2=own_number('open_hazards.hazard')
    ) }}
from {{ ref('fct_policy') }} as policies
inner join open_hazards
    on policies.provider = open_hazards.provider
    and policies.policy_no = open_hazards.policy_no
cross join {{ ref('int_as_of') }} as days
where policies.inception_date <= days.as_of
