-- 报送单位及其报送范围.
select
    provider,
    kind,
    name,
    insurer_code,
    jurisdiction,
    district_code,
    industry_code
from {{ ref('ref_provider') }}
