{{ known_reference('ref_district') }}
