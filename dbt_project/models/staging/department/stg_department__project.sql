-- 建设工程项目: every version known at the as-of date.
{{ known_rows('project') }}
