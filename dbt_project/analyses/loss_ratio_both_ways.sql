-- 两种口径的简单赔付率，与满期赔付率并列
select jurisdiction, stat_year, simple_loss_ratio, simple_loss_ratio_paid, earned_loss_ratio, earned_premium, policy_year_incurred
from marts.supervision_metrics
where district_code = 'ALL' and industry_code = 'ALL'
order by jurisdiction, stat_year
