{{ known_reference('ref_campaign') }}
