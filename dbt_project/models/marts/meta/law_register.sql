-- 依据文件: the laws, measures, standards and notices that rules and clauses rest on, with who issued them, since when they hold, what they
-- carry out, and whether their text is at hand (威应急发〔2023〕11号 标题; 沪安委办〔2023〕32号 引言).
select
    doc_code,
    title,
    kind,
    jurisdiction,
    issued_by,
    issued_on,
    valid_from,
    valid_to,
    based_on,
    evidence_tag
from {{ ref('ref_law') }}
