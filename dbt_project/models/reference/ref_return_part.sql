{{ known_reference('ref_return_part') }}
