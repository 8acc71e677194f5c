{{ known_reference('ref_return') }}
