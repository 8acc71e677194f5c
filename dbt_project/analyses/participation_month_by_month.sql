-- 参保率逐月怎样变化：月末应保、已保、待核
select jurisdiction, stock_on, required_units, insured_required_units, pending_units, round(100 * participation_rate, 2) as percent,
    policies_in_force
from marts.monthly_stock
where district_code = 'ALL' and industry_code = 'ALL'
order by jurisdiction, stock_on
