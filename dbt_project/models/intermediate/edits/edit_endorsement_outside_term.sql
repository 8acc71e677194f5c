-- 批单生效日期不在保险期间: both ends of the term are inside.
select
    'endorsement_outside_term' as edit_code,
    'endorsement' as feed,
    endorsements.endorsement_no as record_key,
    endorsements.provider,
    endorsements.file_id,
    endorsements.sheet,
    endorsements.line_no,
    cast(endorsements.effective_date as string) as value_1,
    cast(policies.inception_date as string) || ' 至 ' || cast(policies.expiry_date as string) as value_2
from {{ ref('fct_endorsement') }} as endorsements
inner join {{ ref('fct_policy') }} as policies
    on endorsements.provider = policies.provider
    and endorsements.policy_no = policies.policy_no
where endorsements.effective_date < policies.inception_date
    or endorsements.effective_date > policies.expiry_date
