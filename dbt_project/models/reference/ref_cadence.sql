{{ known_reference('ref_cadence') }}
