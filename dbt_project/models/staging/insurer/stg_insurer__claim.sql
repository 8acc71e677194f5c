-- 理赔: every version known at the as-of date.
{{ known_rows('claim') }}
