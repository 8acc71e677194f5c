-- 企业名录: every version known at the as-of date.
{{ known_rows('enterprise') }}
