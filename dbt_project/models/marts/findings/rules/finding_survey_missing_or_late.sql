-- 承保前评估: no on-site assessment before cover, or an old one, or one without a numbered report and a grade
-- (威应急发〔2023〕11号 二(五): 承保前应进行现场评估, 作为确定费率和保费的主要依据).
with

policies as (
    select
        policies.*,
        days.as_of,
        {{ days_inclusive('policies.survey_date', 'policies.inception_date') }} - 1 as survey_age,
        {{ finding_threshold('survey_missing_or_late', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }} as oldest
    from {{ ref('fct_policy') }} as policies
    cross join {{ ref('int_as_of') }} as days
    where policies.is_valid and policies.inception_date <= days.as_of
),

judged as (
    select
        *,
        case
            when survey_date is null then '无'
            when survey_date > inception_date then cast(survey_date as string) || '，晚于起保'
            when survey_age > oldest then cast(survey_date as string) || '，已过 ' || cast(survey_age as string) || ' 日'
            when not coalesce(survey_on_site, true) then cast(survey_date as string) || '，未到现场'
            when survey_report_no is null and risk_grade is null then cast(survey_date as string) || '，没有评估报告编号和风险等级'
            when survey_report_no is null then cast(survey_date as string) || '，没有评估报告编号'
            when risk_grade is null then cast(survey_date as string) || '，没有风险等级'
        end as fault
    from policies
)

select
    {{ finding(
        'survey_missing_or_late', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='policies.inception_date', value_2='policies.fault', unit='policies.insured_uscc',
        is_past='policies.cover_end < policies.as_of'
    ) }}
from judged as policies
where policies.fault is not null
