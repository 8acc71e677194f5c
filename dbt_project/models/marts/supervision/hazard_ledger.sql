{{ config(materialized='view') }}
-- 隐患台账: each hazard with its clocks as of the knowledge date (AQ 9010-2019, 6; 沪安委办〔2023〕32号 一(二)).
with

hazards as (
    select * from {{ ref('fct_hazard') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        hazards.jurisdiction,
        hazards.district_code,
        hazards.industry_code,
        hazards.insurer_code,
        hazards.insured_uscc,
        hazards.provider,
        hazards.hazard_no,
        hazards.service_no,
        hazards.policy_no,
        hazards.policy_provider,
        hazards.grade,
        hazards.scene,
        hazards.criterion,
        hazards.criterion_code,
        hazards.moment,
        hazards.found_date,
        hazards.written_notice_at,
        hazards.due_date,
        hazards.rectified_at,
        hazards.rechecked_on,
        coalesce(hazards.refused, false) as is_refused,
        hazards.reported_at,
        hazards.case_no,
        {{ days_inclusive('hazards.found_date', 'cast(hazards.written_notice_at as date)') }} - 1 as notice_days,
        {{ days_inclusive('hazards.found_date', 'cast(hazards.reported_at as date)') }} - 1 as report_days,
        case
            when hazards.rechecked_on is not null then '已销号'
            when hazards.refused then '拒不整改'
            when hazards.rectified_at is not null then '待复查'
            when hazards.due_date < as_of.as_of then '逾期'
            else '整改中'
        end as state,
        {{ days_inclusive('hazards.found_date', 'coalesce(hazards.rechecked_on, as_of.as_of)') }} - 1 as days_open,
        case
            when hazards.rechecked_on is null and hazards.due_date < as_of.as_of
                then {{ days_inclusive('hazards.due_date', 'as_of.as_of') }} - 1
        end as days_overdue,
        as_of.as_of,
        hazards.file_id,
        hazards.sheet,
        hazards.line_no
    from hazards
    cross join as_of
)

select * from final
