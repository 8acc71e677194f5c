-- A problem past its deadline and not closed (威应急发〔2023〕11号 四(三)).
select
    {{ finding(
        'problem_overdue', 'problems', feed='problem', key='problems.problem_no', found_on='problems.due',
        evidence="'problem:' || problems.provider || '/' || problems.problem_no", value_1='problems.target_code', value_2='problems.due',
        subject_type='主管部门', subject='problems.provider', district='null', industry='null',
        insurer="case when problems.target_type = '承保机构' then problems.target_code end"
    ) }}
from {{ ref('problem_list') }} as problems
where problems.days_overdue > 0
