-- 报送声明: every version known at the as-of date.
{{ known_rows('declaration') }}
