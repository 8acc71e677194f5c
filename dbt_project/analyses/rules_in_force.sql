-- 某日有效的口径与阈值，附文件与条款
select rule_code, name, jurisdiction, industry_code, value_num, value_text, unit, source_doc, article
from meta.rule_versions
where date '2025-12-31' between valid_from and coalesce(valid_to, date '9999-12-31')
order by rule_code, jurisdiction
