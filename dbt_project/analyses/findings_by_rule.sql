-- 监管发现：各规则件数与涉及金额
with counts as (
    select severity, rule_name, count(*) as findings, count(distinct subject_code) as subjects, sum(amount) as amount
    from marts.findings
    group by all
)
select * from counts
order by case severity when '高' then 1 when '中' then 2 else 3 end, findings desc
