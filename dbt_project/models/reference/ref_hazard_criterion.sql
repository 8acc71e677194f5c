{{ known_reference('ref_hazard_criterion') }}
