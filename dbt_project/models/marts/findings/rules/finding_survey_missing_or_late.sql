-- 承保前评估: no on-site assessment, or only after the cover had begun (威应急发〔2023〕11号 二(五)).
select
    {{ finding(
        'survey_missing_or_late', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='policies.inception_date',
        value_2="coalesce(cast(policies.survey_date as string), '无')"
    ) }}
from {{ ref('fct_policy') }} as policies
cross join {{ ref('int_as_of') }} as days
where policies.is_valid and policies.inception_date <= days.as_of
    and (policies.survey_date is null or policies.survey_date > policies.inception_date)
