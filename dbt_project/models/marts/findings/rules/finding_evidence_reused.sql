-- 虚列费用: the same evidence (hash) stands with services of several units (domain.md 9.2).
with

-- Nearly all evidence occurs once: only what occurs again is looked at more closely.
repeated as (
    select evidence_hash
    from {{ ref('int_service_evidence') }}
    group by evidence_hash
    having count(*) > 1
),

evidence as (
    select pieces.*
    from {{ ref('int_service_evidence') }} as pieces
    inner join repeated
        on pieces.evidence_hash = repeated.evidence_hash
),

pieces as (
    select
        evidence_hash,
        min(service_no) as first_service_no,
        max(service_no) as last_service_no,
        count(distinct insured_uscc) as units
    from evidence
    group by evidence_hash
),

reused as (
    select
        evidence.service_no,
        max(case when pieces.first_service_no = evidence.service_no then pieces.last_service_no else pieces.first_service_no end) as other_service_no,
        max(pieces.units) as units
    from evidence
    inner join pieces
        on evidence.evidence_hash = pieces.evidence_hash
        and pieces.units > 1
    group by evidence.service_no
)

select
    {{ finding(
        'evidence_reused', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.service_no || '；service_record:' || reused.other_service_no",
        value_1='reused.other_service_no', value_2='reused.units'
    ) }}
from {{ ref('fct_service') }} as services
inner join reused
    on services.service_no = reused.service_no
where reused.units > {{ finding_threshold('evidence_reused', 'services.finished_on') }}
