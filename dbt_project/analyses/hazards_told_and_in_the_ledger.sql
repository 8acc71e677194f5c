-- 各机构服务所报隐患数与隐患台账条数逐年核对：差多少、差在几次服务上
select insurers.short_name as insurer, stat_year, sum(hazards_found) as told, sum(hazards_in_ledger) as in_ledger, sum(difference) as difference,
    count(*) filter (where state <> '相符') as services_that_differ, count(*) as services
from marts.hazard_reconciliation
left join marts.dim_insurer as insurers using (insurer_code)
group by all
order by stat_year desc, difference desc, insurer
