-- 未结最久的赔案：报案至今多少天，估损与已付各多少
select claims.claim_no, insurers.short_name as insurer, claims.report_date, date_diff('day', claims.report_date, publication.as_of) as days_open,
    claims.estimate, claims.paid_to_date, claims.status
from marts.fct_claim as claims
cross join meta.publication as publication
left join marts.dim_insurer as insurers using (insurer_code)
where claims.close_date is null and claims.status not in ('销案', '已结案')
order by days_open desc, claims.claim_no
limit 50
