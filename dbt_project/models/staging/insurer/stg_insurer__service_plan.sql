-- 年度服务方案: every version known at the as-of date.
{{ known_rows('service_plan') }}
