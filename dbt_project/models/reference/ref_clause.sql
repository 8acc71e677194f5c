{{ known_reference('ref_clause') }}
