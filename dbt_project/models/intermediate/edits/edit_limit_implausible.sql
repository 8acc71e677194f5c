-- 责任限额异常: smells of 万元 and 元 mixed up.
select
    'limit_implausible' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    cast(policies.limit_per_person as string) as value_1,
    cast(cast({{ rule_value('limit_per_person_low', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }} as integer) as string)
    || ' 至 ' || cast(cast({{ rule_value('limit_per_person_high', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }} as integer) as string) || ' 元' as value_2
from {{ ref('fct_policy') }} as policies
where policies.limit_per_person < {{ rule_value('limit_per_person_low', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
    or policies.limit_per_person > {{ rule_value('limit_per_person_high', 'policies.inception_date', 'policies.jurisdiction', 'policies.industry_code') }}
