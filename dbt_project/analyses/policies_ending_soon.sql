-- 取数时点后三十日内到期的保单，及其是否已有续保
with publication as (select max(as_of) as as_of from meta.publication)
select policies.policy_no, policies.insured_name, policies.insurer_code, policies.cover_end,
    exists (
        select 1 from marts.fct_policy as later
        where later.insured_uscc = policies.insured_uscc and later.industry_code = policies.industry_code
            and later.is_valid and later.inception_date > policies.inception_date and later.cover_end > policies.cover_end
    ) as is_renewed
from marts.fct_policy as policies cross join publication
where policies.is_valid and policies.cover_end between publication.as_of and publication.as_of + 30
order by is_renewed, policies.cover_end
