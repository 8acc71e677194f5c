-- 承保机构能力: every version known at the as-of date.
{{ known_rows('insurer_capacity') }}
