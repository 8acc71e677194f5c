-- 某家机构的高等级发现，附说明与依据
select found_on, rule_name, explanation, amount, clause, finding_id
from marts.findings
where insurer_code = 'HAYC' and severity = '高'
order by found_on desc, finding_id
limit 100
