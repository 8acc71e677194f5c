-- Contract rules by their dates (M40 limit floor, M41 commission): each policy of P(Y) against the rule
-- in force on its inception date (meta.rule_versions).
with

policies as (
    select
        incepted.*,
        {{ rule_value('limit_per_person_min', 'incepted.inception_date', 'incepted.jurisdiction', 'incepted.industry_code') }} as limit_floor,
        {{ rule_value('commission_rate_max', 'incepted.inception_date', 'incepted.jurisdiction', 'incepted.industry_code') }} as commission_cap
    from {{ ref('evidence_policy') }} as incepted
    where incepted.is_incepted and not incepted.awaits_confirmation
),

final as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider,
        policy_no,
        inception_date,
        cover_end,
        limit_per_person,
        commission,
        premium_received,
        limit_floor,
        limit_per_person >= limit_floor as meets_limit_floor,
        commission_cap,
        -- Not told is not met.
        case
            when commission_cap is not null then coalesce(commission <= {{ share_of('premium_received', 'commission_cap') }}, false)
        end as meets_commission_cap,
        file_id,
        sheet,
        line_no
    from policies
)

select * from final
