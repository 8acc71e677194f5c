-- 单位规模 by persons employed as its department reports them: the bands within which prices and accidents are compared.
select
    uscc,
    jurisdiction,
    employees,
    case
        when employees is null then '未报'
        when employees < 20 then '20 人以下'
        when employees < 100 then '20–99 人'
        when employees < 300 then '100–299 人'
        else '300 人及以上'
    end as size_band
from {{ ref('dim_unit') }}
