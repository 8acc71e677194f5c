-- 出险时间不在保险期间: both ends of the cover are inside.
select
    'loss_outside_cover' as edit_code,
    'claim' as feed,
    claims.claim_no as record_key,
    claims.provider,
    claims.file_id,
    claims.sheet,
    claims.line_no,
    cast(claims.loss_date as string) as value_1,
    cast(policies.inception_date as string) || ' 至 ' || cast(policies.cover_end as string) as value_2
from {{ ref('fct_claim') }} as claims
inner join {{ ref('fct_policy') }} as policies
    on claims.policy_provider = policies.provider
    and claims.policy_no = policies.policy_no
where claims.status <> '销案'
    and (claims.loss_date < policies.inception_date or claims.loss_date > policies.cover_end)
