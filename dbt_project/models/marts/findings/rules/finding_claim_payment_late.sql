-- 赔款支付 took, or takes, more than its days (保险法 第二十三条; 威应急发〔2023〕11号 二(五)).
select
    {{ finding(
        'claim_payment_late', 'clocks', feed='claim', key='clocks.claim_no',
        found_on='coalesce(clocks.ended_on, clocks.as_of)',
        evidence="'claim:' || clocks.provider || '/' || clocks.claim_no || '；policy:' || clocks.policy_provider || '/' || clocks.policy_no", value_1="clocks.days",
        value_2="clocks.limit_days", unit='clocks.insured_uscc', is_past='clocks.ended_on is not null'
    ) }}
from {{ ref('claim_timeliness') }} as clocks
where clocks.step = '支付' and not clocks.is_on_time
