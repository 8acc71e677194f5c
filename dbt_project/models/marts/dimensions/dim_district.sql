-- 统计用区市及其排序.
select
    districts.district_code,
    districts.name,
    districts.short_name,
    districts.jurisdiction,
    jurisdictions.name as jurisdiction_name,
    districts.gbt2260_code,
    districts.is_functional_zone,
    districts.sort_no,
    districts.tile_row,
    districts.tile_column
from {{ ref('ref_district') }} as districts
inner join {{ ref('ref_jurisdiction') }} as jurisdictions
    on districts.jurisdiction = jurisdictions.jurisdiction
