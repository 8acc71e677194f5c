{{ known_reference('ref_score_weight') }}
