-- 未全员足额: fewer persons insured than the unit employs (应急〔2025〕27号 第十六条).
select
    'persons_below_employees' as rule_code,
    required.jurisdiction,
    required.district_code,
    required.industry_code,
    cast(null as varchar) as insurer_code,
    '生产经营单位' as subject_type,
    required.uscc as subject_code,
    periods.period_end as found_on,
    cast(null as decimal(18, 2)) as amount,
    'enterprise' as feed,
    required.uscc || '|' || required.industry_code as record_key,
    'enterprise:' || required.uscc || '|' || required.industry_code || '；policy:' || required.policy_no as evidence_keys,
    cast(required.insured_persons as varchar) as value_1,
    cast(required.employees as varchar) as value_2,
    required.file_id,
    required.sheet,
    required.line_no
from {{ ref('evidence_participation') }} as required
inner join {{ ref('int_period') }} as periods
    on required.jurisdiction = periods.jurisdiction
    and required.stat_year = periods.stat_year
where required.is_insured and required.insured_persons < required.employees
    and required.stat_year = {{ year_of('periods.as_of') }}
