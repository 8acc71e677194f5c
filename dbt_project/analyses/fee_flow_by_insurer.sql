-- 预防费：约定、提取、支出、未证实支出与余额
select insurer_code, sum(contracted) as contracted, sum(provided) as provided, sum(spent) as spent, sum(spent_unproven) as unproven,
    sum(balance) as balance, sum(spent) / nullif(sum(provided), 0) as used
from marts.fee_ledger_balance
where jurisdiction = 'shanghai'
group by all
order by balance desc
