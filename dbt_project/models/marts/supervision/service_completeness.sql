-- 服务记录完整率: completed visits of the year, those with every record the norms ask for, and the share of records there (威应急发〔2023〕11号 四(二)、
-- 四(四)), by insurer, item and who made the visit. Single visits: service_record_gaps.
select
    jurisdiction,
    stat_year,
    case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as insurer_code,
    case when grouping(item) = 1 then '合计' else item end as item,
    case when grouping(provider_type) = 1 then '合计' else provider_type end as provider_type,
    count(*) as visits,
    cast(sum(case when missing_records is null then 1 else 0 end) as bigint) as complete_visits,
    cast(sum(asked_records) as bigint) as asked_records,
    cast(sum(present_records) as bigint) as present_records,
    {{ ratio('sum(present_records)', 'sum(asked_records)') }} as completeness
from {{ ref('int_service_record_check') }}
where insurer_code is not null
group by grouping sets (
    (jurisdiction, stat_year, insurer_code, item, provider_type),
    (jurisdiction, stat_year, insurer_code, item),
    (jurisdiction, stat_year, insurer_code),
    (jurisdiction, stat_year)
)
