-- 检查计划: every version known at the as-of date.
{{ known_rows('inspection_plan') }}
