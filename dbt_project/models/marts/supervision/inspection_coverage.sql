-- 检查覆盖: what each department planned to inspect in the year, what it did, and of how many (威应急发〔2023〕11号 二(二)、三(二)2、四(三)). An
-- inspection is of a plan when it names it, or is of the same sender, kind of target, subject and campaign within the plan's days; a
-- target counts once per plan. Inspections of no plan stand in `unplanned_inspections`. A plan belongs to the year in which it ends.
with

plans as (
    select
        *,
        {{ year_of('planned_to') }} as stat_year
    from {{ ref('fct_inspection_plan') }}
),

inspections as (
    select
        inspections.*,
        senders.jurisdiction,
        {{ year_of('inspections.inspected_on') }} as stat_year
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('ref_provider') }} as senders
        on inspections.provider = senders.provider
),

done as (
    select distinct
        plans.provider,
        plans.plan_no,
        inspections.inspection_no,
        inspections.target_code
    from plans
    inner join inspections
        on plans.provider = inspections.provider
    where inspections.plan_no = plans.plan_no
        or (
            inspections.plan_no is null
            and plans.target_type = inspections.target_type
            and plans.subject = inspections.subject
            and inspections.inspected_on between plans.planned_from and plans.planned_to
            and (plans.campaign is null or plans.campaign = inspections.campaign)
        )
),

reached as (
    select
        provider,
        plan_no,
        count(distinct target_code) as targets
    from done
    group by provider, plan_no
),

planned as (
    select
        plans.jurisdiction,
        plans.provider,
        plans.stat_year,
        plans.target_type,
        plans.subject,
        count(*) as plans,
        sum(plans.planned) as planned,
        sum(least(coalesce(reached.targets, 0), plans.planned)) as planned_done,
        sum(case when plans.planned_to < today.as_of and coalesce(reached.targets, 0) < plans.planned then 1 else 0 end) as plans_short,
        {{ joined_values("'inspection_plan:' || plans.provider || '/' || plans.plan_no", '；') }} as evidence_keys
    from plans
    cross join {{ ref('int_as_of') }} as today
    left join reached
        on plans.provider = reached.provider
        and plans.plan_no = reached.plan_no
    group by plans.jurisdiction, plans.provider, plans.stat_year, plans.target_type, plans.subject
),

planned_inspections as (
    select distinct
        provider,
        inspection_no
    from done
),

made as (
    select
        inspections.jurisdiction,
        inspections.provider,
        inspections.stat_year,
        inspections.target_type,
        inspections.subject,
        count(*) as inspections,
        count(distinct inspections.target_code) as targets,
        sum(case when inspections.joint then 1 else 0 end) as joint_inspections,
        sum(case when inspections.problem_no is not null then 1 else 0 end) as with_problem,
        sum(case when inspections.considered then 1 else 0 end) as considered,
        sum(case when planned_inspections.inspection_no is null then 1 else 0 end) as unplanned
    from inspections
    left join planned_inspections
        on inspections.provider = planned_inspections.provider
        and inspections.inspection_no = planned_inspections.inspection_no
    group by inspections.jurisdiction, inspections.provider, inspections.stat_year, inspections.target_type, inspections.subject
),

rows_of_both as (
    select jurisdiction, provider, stat_year, target_type, subject from planned
    union
    select jurisdiction, provider, stat_year, target_type, subject from made
),

-- How many there are to inspect: the units on a department's roster, the insurers of a city.
universe as (
    select
        roster.provider,
        '生产经营单位' as target_type,
        count(distinct roster.uscc) as targets
    from {{ ref('fct_roster') }} as roster
    cross join {{ ref('int_as_of') }} as today
    where {{ is_on_roster('roster', 'today.as_of') }}
    group by roster.provider

    union all

    select
        senders.provider,
        '承保机构' as target_type,
        count(distinct insurers.insurer_code) as targets
    from {{ ref('ref_provider') }} as senders
    inner join {{ ref('ref_provider') }} as insurers
        on senders.jurisdiction = insurers.jurisdiction
    where insurers.kind = 'insurer'
    group by senders.provider
),

final as (
    select
        rows_of_both.jurisdiction,
        rows_of_both.stat_year,
        rows_of_both.provider,
        senders.name as provider_name,
        senders.district_code,
        senders.industry_code,
        rows_of_both.target_type,
        rows_of_both.subject,
        cast(coalesce(planned.plans, 0) as bigint) as plans,
        cast(coalesce(planned.planned, 0) as bigint) as planned,
        cast(coalesce(planned.planned_done, 0) as bigint) as planned_done,
        {{ ratio('planned.planned_done', 'planned.planned') }} as plan_rate,
        cast(coalesce(planned.plans_short, 0) as bigint) as plans_short,
        cast(coalesce(made.inspections, 0) as bigint) as inspections,
        cast(coalesce(made.unplanned, 0) as bigint) as unplanned_inspections,
        cast(coalesce(made.joint_inspections, 0) as bigint) as joint_inspections,
        cast(coalesce(made.with_problem, 0) as bigint) as inspections_with_problem,
        cast(coalesce(made.considered, 0) as bigint) as considered_inspections,
        cast(coalesce(made.targets, 0) as bigint) as inspected_targets,
        universe.targets,
        {{ ratio('made.targets', 'universe.targets') }} as coverage,
        case
            when planned.plans is null then '没有计划'
            when planned.planned_done >= planned.planned then '已完成'
            when planned.plans_short > 0 then '逾期未完成'
            else '进行中'
        end as state,
        planned.evidence_keys
    from rows_of_both
    inner join {{ ref('ref_provider') }} as senders
        on rows_of_both.provider = senders.provider
    {%- for counted in ['planned', 'made'] %}
    left join {{ counted }}
        on rows_of_both.provider = {{ counted }}.provider
        and rows_of_both.stat_year = {{ counted }}.stat_year
        and rows_of_both.target_type = {{ counted }}.target_type
        and rows_of_both.subject = {{ counted }}.subject
    {%- endfor %}
    left join universe
        on rows_of_both.provider = universe.provider
        and rows_of_both.target_type = universe.target_type
)

select * from final
