-- 各月末存量：应保、已保、待核单位，在保保单、保费和人数
select jurisdiction, stock_on, required_units, insured_required_units, pending_units, participation_rate, policies_in_force, premium_in_force, persons_in_force
from marts.monthly_stock
where district_code = 'ALL' and industry_code = 'ALL'
order by jurisdiction, stock_on desc
