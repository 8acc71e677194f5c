-- 各月完成的服务，按服务项目
select strftime(finished_on, '%Y-%m') as month, items.name as item, count(*) as services, sum(hazards_found) as hazards_found
from marts.evidence_service
left join marts.dim_service_item as items on items.item_code = evidence_service.item
group by all
order by month desc, services desc
