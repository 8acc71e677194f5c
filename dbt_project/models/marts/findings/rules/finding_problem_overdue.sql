-- A problem past its deadline, or without one some time after it was found, and not closed (威应急发〔2023〕11号 四(三): 明确整改时限).
select
    {{ finding(
        'problem_overdue', 'problems', feed='problem', key='problems.problem_no', found_on='problems.due_date',
        evidence="'problem:' || problems.provider || '/' || problems.problem_no", value_1=named('problems.target_name', 'problems.target_code'),
        value_2="cast(problems.due_date as string) || case when problems.due is null then '（没有确定整改期限，按规则）' else '' end",
        subject_type='主管部门', subject='problems.provider', district='null', industry='null',
        insurer="case when problems.target_type = '承保机构' then problems.target_code end"
    ) }}
from {{ ref('problem_list') }} as problems
where problems.days_overdue > 0
