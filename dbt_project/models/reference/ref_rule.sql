{{ known_reference('ref_rule') }}
