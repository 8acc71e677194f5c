-- 未全员足额: fewer persons insured than the unit employs (应急〔2025〕27号 第十六条).
select
    {{ finding(
        'persons_below_employees', 'required', feed='enterprise',
        key="required.uscc || '|' || required.industry_code", found_on='periods.period_end',
        evidence="'enterprise:' || required.uscc || '|' || required.industry_code || '；policy:' || required.policy_provider || '/' || required.policy_no",
        value_1="required.insured_persons", value_2="required.employees", subject_type='生产经营单位', insurer="null",
        subject="required.uscc"
    ) }}
from {{ ref('evidence_participation') }} as required
inner join {{ ref('int_period') }} as periods
    on required.jurisdiction = periods.jurisdiction
    and required.stat_year = periods.stat_year
where required.is_insured and required.insured_persons < required.employees
    and required.stat_year = {{ year_of('periods.as_of') }}
