-- 行政处罚: every version known at the as-of date.
{{ known_rows('enforcement') }}
