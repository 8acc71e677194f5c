-- 生产安全事故: every version known at the as-of date.
{{ known_rows('accident') }}
