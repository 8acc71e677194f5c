-- 共保: every version known at the as-of date.
{{ known_rows('coinsurance') }}
