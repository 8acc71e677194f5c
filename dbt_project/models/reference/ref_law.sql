{{ known_reference('ref_law') }}
