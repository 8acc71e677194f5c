{{ config(materialized='view') }}
-- 费率调整候选: units in force that cooperated (served, hazards rechecked, no refusal), with no accident, claim or penalty in
-- the time of observation: they may get a suitable change of rate (沪安委办〔2023〕32号 二(一)). Beside it the factor they have.
with

units as (
    select * from {{ ref('unit_360') }}
),

claims as (
    select
        claims.insured_uscc as uscc,
        max(claims.loss_date) as last_loss_date
    from {{ ref('fct_claim') }} as claims
    where claims.has_valid_policy and claims.status <> '销案'
    group by claims.insured_uscc
),

watched as (
    select
        units.*,
        claims.last_loss_date,
        {{ add_days('units.as_of', '-cast(' ~ rule_value('good_record_days', 'units.as_of', 'units.jurisdiction') ~ ' as integer)') }} as good_since
    from units
    left join claims
        on units.uscc = claims.uscc
    where units.policies_in_force > 0
),

final as (
    select
        watched.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        watched.uscc,
        watched.unit_name,
        policies.provider,
        policies.policy_no,
        policies.cover_end,
        policies.premium_written,
        policies.rate_factor,
        watched.services_last_year,
        watched.hazards,
        watched.last_loss_date,
        watched.last_accident_on,
        watched.last_fined_on,
        case
            when policies.rate_factor is null then '未报费率因子'
            when policies.rate_factor < 1 then '已下浮'
            else '可下浮'
        end as suggestion,
        'policy:' || policies.provider || '/' || policies.policy_no as evidence_keys,
        '近一年服务 ' || cast(watched.services_last_year as string) || ' 次，隐患 ' || cast(watched.hazards as string) || ' 条，未复查 '
        || cast(watched.open_hazards as string) || ' 条，自 ' || cast(watched.good_since as string) || ' 起没有出险、事故和处罚' as since_then,
        watched.good_since,
        watched.as_of,
        policies.file_id,
        policies.sheet,
        policies.line_no
    from watched
    inner join {{ ref('fct_policy') }} as policies
        on watched.uscc = policies.insured_uscc
        and watched.as_of between policies.inception_date and policies.cover_end
    where policies.is_valid and watched.is_cooperative
        and (watched.last_loss_date is null or watched.last_loss_date < watched.good_since)
        and (watched.last_accident_on is null or watched.last_accident_on < watched.good_since)
        and (watched.last_fined_on is null or watched.last_fined_on < watched.good_since)
)

select * from final
