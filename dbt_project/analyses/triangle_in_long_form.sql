-- 赔款进展：各出险季度在以后各季度看来是多少
select jurisdiction, loss_quarter, development_quarter, known_quarter, claims, paid, incurred
from marts.claim_development
where industry_code = 'ALL' and insurer_code = 'ALL'
order by jurisdiction, loss_quarter, development_quarter
