-- 各机构在已终止保单上还欠多少次服务，其中说明退费的有多少
select insurers.short_name as insurer, count(*) as policies, sum(owed_visits) as owed, sum(completed_visits) as done, sum(missing_visits) as missing,
    count(*) filter (where settlement is not null) as settled, sum(refund) as refunded_yuan
from marts.contract_delivery
left join marts.dim_insurer as insurers using (insurer_code)
where missing_visits > 0
group by all
order by missing desc
