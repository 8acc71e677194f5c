{{ known_reference('ref_insurer') }}
