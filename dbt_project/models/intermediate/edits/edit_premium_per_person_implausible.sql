-- 人均保费异常: smells of 万元 and 元 mixed up.
select
    'premium_per_person_implausible' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    cast(cast(cast(policies.premium_written as double) / policies.insured_persons as decimal(18, 2)) as string) as value_1,
    cast(cast({{ rule_value('premium_per_person_low', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }} as integer) as string)
    || ' 至 ' || cast(cast({{ rule_value('premium_per_person_high', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }} as integer) as string) || ' 元' as value_2
from {{ ref('fct_policy') }} as policies
where policies.insured_persons > 0
    and (
        policies.premium_written < policies.insured_persons * {{ rule_value('premium_per_person_low', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
        or policies.premium_written > policies.insured_persons * {{ rule_value('premium_per_person_high', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
    )
