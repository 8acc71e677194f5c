-- Dated rules and parameters with their document and article.
select
    rule_code,
    name,
    jurisdiction,
    industry_code,
    value_num,
    value_text,
    unit,
    valid_from,
    valid_to,
    date_basis,
    source_doc,
    article,
    evidence_tag
from {{ ref('ref_rule') }}
