-- 各机构逐月实收保费（共保按份额分摊，批单按生效日）
select insurers.short_name as insurer, date_trunc('month', effective_date) as month, cast(sum(premium_received) as decimal(24, 2)) as premium_received,
    count(*) filter (where endorsement_no is null) as policies
from marts.evidence_insurer_premium
left join marts.dim_insurer as insurers using (insurer_code)
group by all
order by month desc, premium_received desc
limit 200
