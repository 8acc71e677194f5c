-- 许可证: every version known at the as-of date.
{{ known_rows('permit') }}
