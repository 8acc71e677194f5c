-- 统计用区市及其排序.
select
    district_code,
    name,
    short_name,
    jurisdiction,
    gbt2260_code,
    is_functional_zone,
    sort_no
from {{ ref('ref_district') }}
