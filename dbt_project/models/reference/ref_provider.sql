{{ known_reference('ref_provider') }}
