-- 高等级监管发现还没有立案的，按区市和规则各多少条，最早何时
select findings.jurisdiction, coalesce(districts.short_name, '全市') as district, findings.rule_name, count(*) as findings, min(findings.found_on) as first_day,
    max(findings.known_on) as last_known
from marts.findings as findings
left join marts.dim_district as districts on findings.district_code = districts.district_code
where findings.severity = '高' and findings.problem_no is null and not findings.is_past
group by all
order by findings desc, district, findings.rule_name
