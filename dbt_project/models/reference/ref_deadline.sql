{{ known_reference('ref_deadline') }}
