{{ known_reference('ref_industry_duty') }}
