-- 虚列费用: the same evidence (hash) stands with several services, of one unit or of several (domain.md 9.2).
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
        min(provider || '/' || service_no) as first_service,
        max(provider || '/' || service_no) as last_service,
        count(distinct provider || '/' || service_no) as services
    from evidence
    group by evidence_hash
),

reused as (
    select
        evidence.provider,
        evidence.service_no,
        max(
            case
                when pieces.first_service = evidence.provider || '/' || evidence.service_no then pieces.last_service
                else pieces.first_service
            end
        ) as other_service,
        max(pieces.services) as services
    from evidence
    inner join pieces
        on evidence.evidence_hash = pieces.evidence_hash
        and pieces.services > 1
    group by evidence.provider, evidence.service_no
)

select
    {{ finding(
        'evidence_reused', 'services', feed='service_record', key='services.service_no', found_on='services.finished_on',
        evidence="'service_record:' || services.provider || '/' || services.service_no || '；service_record:' || reused.other_service",
        value_1=own_number('reused.other_service'), value_2='reused.services', unit='services.insured_uscc'
    ) }}
from {{ ref('fct_service') }} as services
inner join reused
    on services.provider = reused.provider
    and services.service_no = reused.service_no
where reused.services > {{ finding_threshold('evidence_reused', 'services.finished_on', 'services.jurisdiction', 'services.industry_code') }}
