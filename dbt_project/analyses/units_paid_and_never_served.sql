-- 在保而当年没有完成任何服务的单位
select details.insured_uscc, units.name, details.policy_no, details.insurer_code, details.premium_received, details.cover_end
from marts.evidence_policy as details
left join marts.dim_unit as units on units.uscc = details.insured_uscc
where details.is_in_force and details.stat_year = 2025
    and not exists (
        select 1 from marts.evidence_service as services
        where services.insured_uscc = details.insured_uscc and services.stat_year = details.stat_year
    )
order by details.premium_received desc
