-- 监督检查: every version known at the as-of date.
{{ known_rows('inspection') }}
