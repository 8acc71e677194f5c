{{ known_reference('ref_product') }}
