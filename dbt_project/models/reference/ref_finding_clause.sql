{{ known_reference('ref_finding_clause') }}
