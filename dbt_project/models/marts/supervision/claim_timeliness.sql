-- 理赔时效: each claim's decision and payment against the legal limits as of the knowledge date, finished or
-- not (Insurance Law, Art. 23; 威应急发〔2023〕11号 二(五)). Clocks: int_claim_step. is_on_time empty: not finished, limit not reached.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

steps as (
    select * from {{ ref('int_claim_step') }}
),

measured as (
    select
        steps.*,
        as_of.as_of,
        {{ days_inclusive('steps.started_on', 'coalesce(steps.ended_on, as_of.as_of)') }} - 1 as days
    from steps
    cross join as_of
),

final as (
    select
        jurisdiction,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider,
        policy_no,
        policy_provider,
        claim_no,
        step,
        started_on,
        ended_on,
        days,
        cast(limit_days as integer) as limit_days,
        case
            when days > limit_days then false
            when ended_on is not null then true
        end as is_on_time,
        as_of,
        file_id,
        sheet,
        line_no
    from measured
)

select * from final
