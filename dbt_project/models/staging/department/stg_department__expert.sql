-- 服务专家: every version known at the as-of date.
{{ known_rows('expert') }}
