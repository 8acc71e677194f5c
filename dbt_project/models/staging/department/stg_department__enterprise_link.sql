-- 单位关系: every version known at the as-of date.
{{ known_rows('enterprise_link') }}
