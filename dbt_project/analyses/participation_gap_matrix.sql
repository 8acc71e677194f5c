-- 区市 × 行业的应保未保单位数：缺口在哪里
pivot (
    select district_name, industry_name, required_units - insured_required_units as gap
    from marts.supervision_metrics
    where jurisdiction = 'weihai' and stat_year = 2025 and district_code <> 'ALL' and industry_code <> 'ALL'
        and required_units > insured_required_units
)
on industry_name using sum(gap)
order by district_name
