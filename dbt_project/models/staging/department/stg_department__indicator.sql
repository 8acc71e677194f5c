-- 背景指标: every version known at the as-of date.
{{ known_rows('indicator') }}
