-- 信用名单: every version known at the as-of date.
{{ known_rows('credit_list') }}
