-- 事故预防费用台账: every version known at the as-of date.
{{ known_rows('fee_ledger') }}
