-- Contract rules by their dates (M40 limit floor, M41 commission): each policy of P(Y) against the rule
-- in force on its inception date (meta.rule_versions).
with

policies as (
    select * from {{ ref('evidence_policy') }} where is_incepted and not awaits_confirmation
),

rules as (
    select * from {{ ref('ref_rule') }}
),

final as (
    select
        policies.jurisdiction,
        policies.stat_year,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.provider,
        policies.policy_no,
        policies.inception_date,
        policies.limit_per_person,
        policies.commission,
        policies.premium_received,
        floors.value_num as limit_floor,
        policies.limit_per_person >= floors.value_num as meets_limit_floor,
        caps.value_num as commission_cap,
        policies.commission <= {{ share_of('policies.premium_received', 'caps.value_num') }} as meets_commission_cap,
        policies.file_id,
        policies.sheet,
        policies.line_no
    from policies
    left join rules as floors
        on floors.rule_code = 'limit_per_person_min'
        and policies.inception_date >= floors.valid_from
        and (floors.valid_to is null or policies.inception_date <= floors.valid_to)
        and coalesce(floors.jurisdiction, policies.jurisdiction) = policies.jurisdiction
    left join rules as caps
        on caps.rule_code = 'commission_rate_max'
        and policies.inception_date >= caps.valid_from
        and (caps.valid_to is null or policies.inception_date <= caps.valid_to)
        and coalesce(caps.jurisdiction, policies.jurisdiction) = policies.jurisdiction
)

select * from final
