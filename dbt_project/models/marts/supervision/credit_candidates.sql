{{ config(materialized='view') }}
-- 信用名单候选: units and insurers that the record speaks for (联合激励) or against (警示, 联合惩戒黑名单), with the reason;
-- a person decides (威应急发〔2023〕11号 四(五); 沪安委办〔2023〕32号 一(三)). On which list they stand already is shown.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

units as (
    select * from {{ ref('unit_360') }}
),

good_units as (
    select
        units.jurisdiction,
        '生产经营单位' as target_type,
        units.uscc as target_code,
        units.unit_name as target_name,
        '联合激励' as kind,
        '自 ' || cast(units.first_insured_on as string) || ' 起参保，近一年服务 ' || cast(units.services_last_year as string)
        || ' 次，隐患均已按期复查，无事故、理赔和处罚' as reason
    from units
    cross join as_of
    where units.policies_in_force > 0 and units.is_cooperative and units.hazards > 0 and units.open_hazards = 0
        and units.accidents = 0 and units.claims = 0 and units.enforcement_cases = 0 and units.open_problems = 0
        and units.uninsured_fields = 0 and units.pending_fields = 0
        and {{ days_inclusive('units.first_insured_on', 'as_of.as_of') }} - 1 >= {{ rule_value('credit_insured_days', 'as_of.as_of', 'units.jurisdiction') }}
),

bad_units as (
    select
        units.jurisdiction,
        '生产经营单位' as target_type,
        units.uscc as target_code,
        units.unit_name as target_name,
        case when units.refusals > 0 or units.enforcement_cases > 1 then '联合惩戒黑名单' else '警示' end as kind,
        case
            when units.refusals > 0 then '拒不整改重大隐患 ' || cast(units.refusals as string) || ' 处'
            when units.enforcement_cases > 1 then '应保未保，已处罚 ' || cast(units.enforcement_cases as string) || ' 次仍未投保'
            else '应保未保，处罚后仍未投保'
        end as reason
    from units
    where units.refusals > 0 or (units.uninsured_fields > 0 and units.enforcement_cases > 0)
),

insurers as (
    select
        metrics.*,
        as_of.as_of as today
    from {{ ref('insurer_metrics') }} as metrics
    cross join as_of
    where metrics.insurer_code <> 'ALL' and metrics.policies > 0
        and metrics.stat_year = {{ year_of('as_of.as_of') }} and metrics.evaluation_score is not null
),

judged_insurers as (
    select
        insurers.jurisdiction,
        '承保机构' as target_type,
        insurers.insurer_code as target_code,
        insurers.insurer_name as target_name,
        case
            when insurers.evaluation_score >= {{ rule_value('incentive_score_min', 'insurers.today', 'insurers.jurisdiction') }} then '联合激励'
            else '警示'
        end as kind,
        '服务成效评估 ' || cast(cast(insurers.evaluation_score as decimal(5, 1)) as string) || ' 分，高等级监管发现 '
        || cast(insurers.findings_high as string) || ' 件' as reason
    from insurers
    where insurers.evaluation_score >= {{ rule_value('incentive_score_min', 'insurers.today', 'insurers.jurisdiction') }}
        or insurers.evaluation_score <= {{ rule_value('warning_score_max', 'insurers.today', 'insurers.jurisdiction') }}
),

candidates as (
    select * from good_units
    union all
    select * from bad_units
    union all
    select * from judged_insurers
),

listed as (
    select
        lists.target_code,
        {{ joined_values('lists.kind') }} as listed_as
    from {{ ref('fct_credit_list') }} as lists
    cross join as_of
    where as_of.as_of >= lists.valid_from and (lists.valid_to is null or as_of.as_of <= lists.valid_to)
    group by lists.target_code
),

final as (
    select
        candidates.*,
        listed.listed_as,
        as_of.as_of
    from candidates
    cross join as_of
    left join listed
        on candidates.target_code = listed.target_code
)

select * from final
