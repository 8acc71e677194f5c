-- 隐患台账: every version known at the as-of date.
{{ known_rows('hazard') }}
