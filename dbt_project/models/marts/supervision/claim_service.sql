-- 理赔服务: how claims closed in the year were paid (快付, 预付, 垫付), in how many the insurer helped in the rescue, what was paid for the rescue,
-- and how long it took from report to payment (威应急发〔2023〕11号 二(四)、二(五): quick claims, help in rescue). The claims: evidence_claim.
with

closed as (
    select
        claims.jurisdiction,
        {{ year_of('claims.close_date') }} as stat_year,
        claims.insurer_code,
        claims.payment_kind,
        claims.rescue_assist,
        coalesce(claims.advance_paid, 0) as advance_paid,
        coalesce(claims.loss_rescue, 0) as loss_rescue,
        claims.accident_id,
        claims.paid_to_date,
        case
            when claims.paid_date >= claims.report_date
                then {{ days_inclusive('claims.report_date', 'claims.paid_date') }} - 1
        end as days_to_pay
    from {{ ref('fct_claim') }} as claims
    where claims.has_valid_policy and claims.status = '已结案' and claims.close_date is not null and not claims.awaits_confirmation
),

final as (
    select
        jurisdiction,
        stat_year,
        case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as insurer_code,
        count(*) as claims,
        sum(case when payment_kind = '快付' then 1 else 0 end) as quick_claims,
        sum(case when payment_kind = '预付' or advance_paid > 0 then 1 else 0 end) as prepaid_claims,
        sum(case when payment_kind = '垫付' then 1 else 0 end) as advanced_claims,
        sum(case when payment_kind is null then 1 else 0 end) as claims_without_kind,
        sum(case when accident_id is not null then 1 else 0 end) as accident_claims,
        sum(case when rescue_assist then 1 else 0 end) as rescue_assisted,
        {{ yuan('sum(loss_rescue)') }} as rescue_paid,
        {{ yuan('sum(advance_paid)') }} as advance_paid,
        {{ yuan('sum(coalesce(paid_to_date, 0))') }} as paid,
        round({{ ratio('sum(days_to_pay)', 'count(days_to_pay)') }}, 6) as mean_days_to_pay
    from closed
    group by grouping sets ((jurisdiction, stat_year, insurer_code), (jurisdiction, stat_year))
)

select
    jurisdiction,
    stat_year,
    insurer_code,
    claims,
    cast(quick_claims as bigint) as quick_claims,
    cast(prepaid_claims as bigint) as prepaid_claims,
    cast(advanced_claims as bigint) as advanced_claims,
    cast(claims_without_kind as bigint) as claims_without_kind,
    cast(accident_claims as bigint) as accident_claims,
    cast(rescue_assisted as bigint) as rescue_assisted,
    rescue_paid,
    advance_paid,
    paid,
    mean_days_to_pay
from final
