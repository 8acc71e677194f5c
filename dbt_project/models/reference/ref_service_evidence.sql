{{ known_reference('ref_service_evidence') }}
