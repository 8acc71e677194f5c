-- 各机构快付、预付、垫付与抢险协助各有多少，平均几天付款
select stat_year, jurisdiction, insurer_code, claims, quick_claims, prepaid_claims, advanced_claims, rescue_assisted, rescue_paid,
    round(mean_days_to_pay, 1) as days_to_pay
from marts.claim_service order by stat_year desc, jurisdiction, insurer_code
