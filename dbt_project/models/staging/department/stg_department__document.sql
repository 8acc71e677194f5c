-- 文件与报送: every version known at the as-of date.
{{ known_rows('document') }}
