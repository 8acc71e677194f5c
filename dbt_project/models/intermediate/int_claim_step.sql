-- The two clocks of a claim: 核定 from report to decision, 支付 from decision (else from closing) to payment, each with its limit in
-- calendar days (Insurance Law, Art. 23). A claim closed without payment has no second clock.
with

claims as (
    select * from {{ ref('fct_claim') }} where has_valid_policy and status <> '销案'
),

final as (
    select
        claims.*,
        '核定' as step,
        claims.report_date as started_on,
        coalesce(claims.decide_date, claims.close_date) as ended_on,
        {{ rule_value('claim_decision_days', 'claims.report_date', 'claims.jurisdiction', 'claims.industry_code') }} as limit_days
    from claims

    union all

    select
        claims.*,
        '支付' as step,
        coalesce(claims.decide_date, claims.close_date) as started_on,
        claims.paid_date as ended_on,
        {{ rule_value('claim_payment_days', 'coalesce(claims.decide_date, claims.close_date)', 'claims.jurisdiction', 'claims.industry_code') }} as limit_days
    from claims
    where (claims.decide_date is not null or claims.close_date is not null)
        and (claims.paid_date is not null or claims.close_date is null)
)

select * from final
