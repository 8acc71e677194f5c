-- 问题清单: every version known at the as-of date.
{{ known_rows('problem') }}
