{{ known_reference('ref_stage') }}
