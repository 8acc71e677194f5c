{{ config(materialized='view') }}
-- 信用名单候选: units and insurers that the record speaks for (联合激励) or against (警示, 联合惩戒黑名单), with the reason, the records it rests
-- on and what happened since; a person decides (威应急发〔2023〕11号 四(五); 沪安委办〔2023〕32号 一(三)). A fact that has been put right since is none:
-- a refused hazard that was rechecked, a fine after which the unit insured. The blacklist needs as many facts as the rule row says
-- (blacklist_facts_min). No incentive or warning on a small sample. On which list they stand already is shown.
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
        || ' 次，隐患均已按期复查，无事故、理赔和处罚' as reason,
        cast(0 as bigint) as facts,
        'policy:' || units.policy_provider || '/' || units.policy_no as evidence_keys,
        '现有 ' || cast(units.policies_in_force as string) || ' 张保单在保' as since_then
    from units
    cross join as_of
    where units.policies_in_force > 0 and units.is_cooperative and units.hazards > 0 and units.open_hazards = 0
        and units.accidents = 0 and units.claims = 0 and units.enforcement_cases = 0 and units.open_problems = 0
        and units.uninsured_fields = 0 and units.pending_fields = 0
        and {{ days_inclusive('units.first_insured_on', 'as_of.as_of') }} - 1 >= {{ rule_value('credit_insured_days', 'as_of.as_of', 'units.jurisdiction') }}
),

-- Major hazards whose removal is still refused.
refusals as (
    select
        insured_uscc as uscc,
        count(*) as refusals,
        {{ joined_values("'hazard:' || provider || '/' || hazard_no", '；') }} as evidence_keys
    from {{ ref('hazard_ledger') }}
    where grade = '重大' and is_refused and rechecked_on is null
    group by insured_uscc
),

rechecked as (
    select
        insured_uscc as uscc,
        count(*) as rechecked
    from {{ ref('hazard_ledger') }}
    where grade = '重大' and is_refused and rechecked_on is not null
    group by insured_uscc
),

fines as (
    select
        uscc,
        count(*) as fines,
        max(decided_on) as last_fined_on,
        {{ joined_values("'enforcement:' || provider || '/' || case_no", '；') }} as evidence_keys
    from {{ ref('fct_enforcement') }}
    group by uscc
),

facts as (
    select
        units.*,
        coalesce(refusals.refusals, 0) as open_refusals,
        coalesce(rechecked.rechecked, 0) as rechecked_refusals,
        -- Fines count while the unit is still not insured.
        case when units.uninsured_fields > 0 then coalesce(fines.fines, 0) else 0 end as standing_fines,
        fines.last_fined_on as fined_on,
        refusals.evidence_keys as refusal_keys,
        fines.evidence_keys as fine_keys,
        {{ rule_value('blacklist_facts_min', 'as_of.as_of', 'units.jurisdiction') }} as facts_needed
    from units
    cross join as_of
    left join refusals
        on units.uscc = refusals.uscc
    left join rechecked
        on units.uscc = rechecked.uscc
    left join fines
        on units.uscc = fines.uscc
),

bad_units as (
    select
        jurisdiction,
        '生产经营单位' as target_type,
        uscc as target_code,
        unit_name as target_name,
        case when open_refusals + standing_fines >= facts_needed then '联合惩戒黑名单' else '警示' end as kind,
        case when open_refusals > 0 then '拒不整改重大隐患 ' || cast(open_refusals as string) || ' 处' else '' end
        || case when open_refusals > 0 and standing_fines > 0 then '；' else '' end
        || case when standing_fines > 0 then '应保未保，已处罚 ' || cast(standing_fines as string) || ' 次仍未投保' else '' end as reason,
        cast(open_refusals + standing_fines as bigint) as facts,
        coalesce(refusal_keys, '')
        || case when refusal_keys is not null and standing_fines > 0 then '；' else '' end
        || case when standing_fines > 0 then fine_keys else '' end as evidence_keys,
        case when open_refusals > 0 then '至今没有复查销号' else '' end
        || case when rechecked_refusals > 0 then '；另有 ' || cast(rechecked_refusals as string) || ' 处拒不整改的已复查，不计' else '' end
        || case when standing_fines > 0 then '；最近处罚 ' || cast(fined_on as string) || '，之后仍未投保' else '' end as since_then
    from facts
    where open_refusals > 0 or standing_fines > 0
),

insurers as (
    select
        metrics.*,
        as_of.as_of as today
    from {{ ref('insurer_metrics') }} as metrics
    cross join as_of
    where metrics.insurer_code <> 'ALL' and metrics.policies > 0 and not metrics.is_small_sample
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
        || cast(insurers.findings_high as string) || ' 件' as reason,
        insurers.findings_high as facts,
        'score_parts:' || insurers.jurisdiction || '|' || insurers.insurer_code || '|' || cast(insurers.stat_year as string) as evidence_keys,
        coalesce('未报、计零的部分：' || insurers.parts_missing, '各部分均已报送') as since_then
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
