-- 法人机构.
select
    insurer_code,
    name,
    short_name
from {{ ref('ref_insurer') }}
