-- 报送单位及其报送范围; reference data are sent by the home itself.
select
    provider,
    kind,
    name,
    insurer_code,
    jurisdiction,
    district_code,
    industry_code
from {{ ref('ref_provider') }}

union all

select
    {{ home_sender() }} as provider,
    'home' as kind,
    '参考数据（本系统）' as name,
    null as insurer_code,
    null as jurisdiction,
    null as district_code,
    null as industry_code
