-- 社保人数: every version known at the as-of date.
{{ known_rows('social_insurance') }}
