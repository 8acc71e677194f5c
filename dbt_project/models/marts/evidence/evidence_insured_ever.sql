-- 累计参保 (M02): each unit ever insured in a field and district from programme start to the period's end,
-- with its first policy there.
with

policies as (
    select
        policies.*,
        row_number() over (
            partition by policies.jurisdiction, policies.district_code, policies.industry_code, policies.insured_uscc
            order by policies.inception_date, policies.policy_no, policies.provider
        ) as place
    from {{ ref('fct_policy') }} as policies
    inner join {{ ref('ref_jurisdiction') }} as jurisdictions
        on policies.jurisdiction = jurisdictions.jurisdiction
        and policies.inception_date >= jurisdictions.programme_start
    where policies.is_valid and policies.cover_end >= policies.inception_date
),

final as (
    select
        periods.jurisdiction,
        periods.stat_year,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.provider,
        policies.policy_no,
        policies.inception_date,
        policies.file_id,
        policies.sheet,
        policies.line_no
    from policies
    inner join {{ ref('int_period') }} as periods
        on policies.jurisdiction = periods.jurisdiction
        and policies.inception_date <= periods.period_end
    where policies.place = 1
)

select * from final
