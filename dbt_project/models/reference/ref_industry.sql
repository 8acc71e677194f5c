{{ known_reference('ref_industry') }}
