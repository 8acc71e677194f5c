{{ known_reference('ref_row_right') }}
