-- 每人责任限额 below the floor in force at inception (安监总办〔2017〕140号; 应急〔2025〕27号 第十五条). Of an ended policy nothing can be
-- endorsed any more.
select
    {{ finding(
        'limit_below_floor', 'checked', feed='policy', key='checked.policy_no', found_on='checked.inception_date',
        evidence="'policy:' || checked.provider || '/' || checked.policy_no", value_1="checked.limit_per_person",
        value_2="cast(checked.limit_floor as decimal(18, 2))", amount="checked.limit_per_person",
        subject_type='生产经营单位', subject="checked.insured_uscc", is_past='checked.cover_end < days.as_of'
    ) }}
from {{ ref('evidence_compliance') }} as checked
cross join {{ ref('int_as_of') }} as days
where not checked.meets_limit_floor
