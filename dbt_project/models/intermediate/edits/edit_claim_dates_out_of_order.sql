-- 理赔各环节日期倒置: 报案 ≤ 立案 ≤ 决案 ≤ 支付 ≤ 结案.
select
    'claim_dates_out_of_order' as edit_code,
    'claim' as feed,
    claims.claim_no as record_key,
    claims.provider,
    claims.file_id,
    claims.sheet,
    claims.line_no,
    case
        when claims.register_date < claims.report_date then '立案早于报案'
        when claims.decide_date < claims.register_date then '决案早于立案'
        when claims.paid_date < claims.decide_date then '支付早于决案'
        when claims.close_date < claims.decide_date then '结案早于决案'
        else '结案早于支付'
    end as value_1,
    cast(null as string) as value_2
from {{ ref('fct_claim') }} as claims
where claims.register_date < claims.report_date
    or claims.decide_date < claims.register_date
    or claims.paid_date < claims.decide_date
    or claims.close_date < claims.decide_date
    or claims.close_date < claims.paid_date
