-- 事故预防服务记录: every version known at the as-of date.
{{ known_rows('service_record') }}
