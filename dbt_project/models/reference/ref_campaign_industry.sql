{{ known_reference('ref_campaign_industry') }}
