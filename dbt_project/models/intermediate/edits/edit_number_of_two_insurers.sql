-- 保单号与其他机构重复: two policies, as each insurer numbers its own; both are told.
select
    'number_of_two_insurers' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    cast(null as string) as value_1,
    cast(null as string) as value_2
from {{ ref('int_number_of_two_insurers') }} as policies
