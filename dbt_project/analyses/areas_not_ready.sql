-- 各区市今年还缺什么：方案、名录、清单、检查、联络员、总结、机构数据
select jurisdiction, stat_year, provider_name, ready_parts, asked_parts, missing_parts
from marts.district_readiness
where stat_year = (select max(stat_year) from marts.district_readiness)
order by ready_parts - asked_parts, provider_name
