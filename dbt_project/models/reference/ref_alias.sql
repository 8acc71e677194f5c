{{ known_reference('ref_alias') }}
