-- 划分市场: nearly all premium of a district and full year lies with one insurer (应急〔2025〕27号 第三十九条).
-- Signal, not proof. Districts with few policies say nothing.
with

shares as (
    select * from {{ ref('int_district_share') }} where is_whole_year
)

select
    {{ finding(
        'area_one_insurer', 'shares', feed='policy',
        key="shares.district_code || '|' || cast(shares.stat_year as string)", found_on='shares.period_end',
        evidence="'policy:' || shares.first_policy || '；policy:' || shares.last_policy",
        value_1=named('districts.name', 'shares.district_code'), value_2="cast(cast(100 * shares.share as decimal(5, 1)) as string) || '%'", industry='null', located=false
    ) }}
from shares
left join {{ ref('ref_district') }} as districts
    on shares.district_code = districts.district_code
where shares.district_policies >= {{ finding_least('area_one_insurer', 'shares.period_end', 'shares.jurisdiction') }}
    and shares.share >= {{ finding_threshold('area_one_insurer', 'shares.period_end', 'shares.jurisdiction') }}
