-- 保费规模分布：各行业实收保费的中位数与十分位
select industries.name as industry, count(*) as policies,
    quantile_cont(premium_received, 0.1) as tenth, median(premium_received) as middle, quantile_cont(premium_received, 0.9) as ninetieth
from marts.fct_policy
left join marts.dim_industry as industries using (industry_code)
where is_valid
group by 1
order by policies desc
