-- 技术服务机构: every version known at the as-of date.
{{ known_rows('service_org') }}
