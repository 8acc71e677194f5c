-- 国有企业集团：下属、供应链与参股单位的参保
select jurisdiction, soe_kind, top_name, units, insured_units, pending_units, partners, insured_partners, open_major_hazards
from marts.soe_coverage order by partners desc, units desc limit 50
