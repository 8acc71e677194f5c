-- 举报投诉: every version known at the as-of date.
{{ known_rows('complaint') }}
