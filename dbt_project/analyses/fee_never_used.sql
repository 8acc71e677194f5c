-- 保险已到期、提取了预防费而从未支出的保单
select policy_no, insurer_code, insured_uscc, cover_end, provided, spent_total
from marts.fee_ledger_balance
where provided > 0 and coalesce(spent_total, 0) = 0 and cover_end < as_of
order by provided desc
