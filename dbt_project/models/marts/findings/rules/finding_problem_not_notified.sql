-- An insurer's problem that the insurance regulator was not told of in time (威应急发〔2023〕11号 三(二)2).
select
    {{ finding(
        'problem_not_notified', 'problems', feed='problem', key='problems.problem_no', found_on='problems.found_date',
        evidence="'problem:' || problems.provider || '/' || problems.problem_no", value_1='problems.kind', value_2='problems.notice_days', is_past='problems.notified_on is not null',
        subject_type='主管部门', subject='problems.provider', district='null', industry='null', insurer='problems.target_code'
    ) }}
from {{ ref('problem_list') }} as problems
where problems.is_notice_late
