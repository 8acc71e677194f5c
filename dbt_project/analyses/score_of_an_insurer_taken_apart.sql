-- 评估得分由哪些部分构成，各部分相加等于得分
select target_name, part_name, part_value, weight, points, clause
from marts.score_parts
where target_kind = '承保机构' and stat_year = (select max(stat_year) from marts.score_parts)
order by target_name, points desc
