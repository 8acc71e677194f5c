-- 最大的二十件赔案：已付与未决
select claims.claim_no, policies.insured_name, claims.insurer_code, claims.loss_date, claims.status, claims.estimate, claims.paid_to_date,
    greatest(claims.estimate - claims.paid_to_date, 0) as outstanding
from marts.fct_claim as claims
left join marts.fct_policy as policies using (policy_no)
order by greatest(claims.estimate, claims.paid_to_date) desc nulls last
limit 20
