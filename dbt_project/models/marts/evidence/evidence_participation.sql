-- R(e): required roster rows at the period's end, and whether the unit is insured in that field (M05).
-- 参保率 numerator and denominator as rows; Shanghai 三(二).
with

roster as (
    select * from {{ ref('fct_roster') }}
),

periods as (
    select * from {{ ref('int_period') }}
),

cover as (
    select
        stat_year,
        insured_uscc,
        industry_code,
        min(policy_no) as policy_no,
        -- A number has no blanks, so that this is the order of numbers, then of senders.
        min_by(provider, policy_no || ' ' || provider) as policy_provider,
        cast(sum(insured_persons) as bigint) as insured_persons
    from {{ ref('evidence_policy') }}
    where is_in_force
    group by stat_year, insured_uscc, industry_code
),

required as (
    select
        periods.stat_year,
        roster.*
    from roster
    inner join periods
        on roster.jurisdiction = periods.jurisdiction
        and roster.listed_from <= periods.period_end
        and (roster.listed_to is null or roster.listed_to > periods.period_end)
        -- 经营状态 存续 on that day: a later closure does not reach back.
        and (roster.operating_status = '存续' or roster.status_date > periods.period_end)
    where roster.mandatory
),

final as (
    select
        required.jurisdiction,
        required.stat_year,
        required.district_code,
        required.industry_code,
        required.uscc,
        required.employees,
        cover.policy_no,
        cover.policy_provider,
        cover.insured_persons,
        cover.policy_no is not null as is_insured,
        required.file_id,
        required.sheet,
        required.line_no
    from required
    left join cover
        on required.stat_year = cover.stat_year
        and required.uscc = cover.insured_uscc
        and required.industry_code = cover.industry_code
)

select * from final
