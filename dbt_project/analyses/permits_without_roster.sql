-- 哪些单位持有许可证却不在应保名录，或列为不应保
select state, unit_name, uscc, industry_code, permit_no, valid_to, is_insured, evidence_keys
from marts.permit_reconciliation
where state in ('持证未列名录', '持证而列为不应保', '持证而名录已移出或停业')
order by state, uscc
