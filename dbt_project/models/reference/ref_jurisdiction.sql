{{ known_reference('ref_jurisdiction') }}
