{{ known_reference('ref_edit') }}
