-- 管理分类及其法定类别.
select
    industry_code,
    name,
    legal_class,
    sort_no
from {{ ref('ref_industry') }}
