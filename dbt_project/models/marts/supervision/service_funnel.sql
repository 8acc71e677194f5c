-- 服务流程漏斗: how many policies, visits and hazards came through each step of the process (domain.md 3.3), how many
-- wait and for how long; per year in which the step became due (威应急发〔2023〕11号 二(一): the whole process).
with

steps as (
    select * from {{ ref('int_service_step') }}
),

names as (
    select * from {{ ref('ref_service_step') }}
),

-- Records, not units: their counts may be added up, so that the totals need not look at each of them again.
by_cell as (
    select
        jurisdiction,
        stat_year,
        district_code,
        industry_code,
        step_code,
        count(*) as due,
        count(done_on) as done,
        sum(case when days_waiting > 30 then 1 else 0 end) as waiting_over_30_days,
        sum(case when days_waiting > 90 then 1 else 0 end) as waiting_over_90_days,
        max(days_waiting) as longest_wait_days
    from steps
    group by jurisdiction, stat_year, district_code, industry_code, step_code
),

counted as (
    select
        {{ cell_columns() }},
        step_code,
        cast(sum(due) as bigint) as due,
        cast(sum(done) as bigint) as done,
        sum(waiting_over_30_days) as waiting_over_30_days,
        sum(waiting_over_90_days) as waiting_over_90_days,
        max(longest_wait_days) as longest_wait_days
    from by_cell
    group by {{ cell_groups(['step_code']) }}
),

final as (
    select
        counted.jurisdiction,
        counted.stat_year,
        counted.cell_district as district_code,
        counted.cell_industry as industry_code,
        counted.step_code,
        names.sort_no as step_no,
        names.name as step_name,
        names.entity,
        counted.due,
        counted.done,
        counted.due - counted.done as waiting,
        {{ ratio('counted.done', 'counted.due') }} as done_rate,
        cast(counted.waiting_over_30_days as bigint) as waiting_over_30_days,
        cast(counted.waiting_over_90_days as bigint) as waiting_over_90_days,
        counted.longest_wait_days
    from counted
    inner join names
        on counted.step_code = names.step_code
)

select * from final
