{{ known_reference('ref_service_item_scheme') }}
