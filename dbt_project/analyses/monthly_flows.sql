-- 逐月：起保、实收、服务、结案、预防费
select stat_year, month_no, policies, premium_received, services, claims, claims_settled, fee_provided, fee_spent
from marts.monthly_activity
where jurisdiction = 'weihai' and district_code = 'ALL' and industry_code = 'ALL'
order by stat_year desc, month_no desc
