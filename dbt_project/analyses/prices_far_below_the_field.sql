-- 哪些机构在哪些行业的人均保费明显低于同行业
select stat_year, insurer_code, industry_code, policies, insured_persons, round(premium_per_person, 2) as per_person,
    round(field_premium_per_person, 2) as of_the_field, round(level_against_field, 2) as level
from marts.premium_levels
where size_band = '合计' and insurer_code <> 'ALL' and policies >= 3
order by level_against_field nulls last limit 30
