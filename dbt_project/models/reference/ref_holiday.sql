{{ known_reference('ref_holiday') }}
