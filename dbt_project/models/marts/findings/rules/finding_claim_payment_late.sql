-- 赔款支付 took, or takes, more than its days (保险法 第二十三条; 威应急发〔2023〕11号 二(五)).
select
    'claim_payment_late' as rule_code,
    clocks.jurisdiction,
    clocks.district_code,
    clocks.industry_code,
    clocks.insurer_code,
    '承保机构' as subject_type,
    clocks.insurer_code as subject_code,
    coalesce(clocks.ended_on, clocks.as_of) as found_on,
    cast(null as decimal(18, 2)) as amount,
    'claim' as feed,
    clocks.claim_no as record_key,
    'claim:' || clocks.claim_no || '；policy:' || clocks.policy_no as evidence_keys,
    cast(clocks.days as varchar) as value_1,
    cast(clocks.limit_days as varchar) as value_2,
    clocks.file_id,
    clocks.sheet,
    clocks.line_no
from {{ ref('claim_timeliness') }} as clocks
where clocks.step = '支付' and not clocks.is_on_time
