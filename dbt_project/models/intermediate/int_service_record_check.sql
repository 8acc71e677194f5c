-- 服务记录完整: of each completed visit how many of the records asked for are there (ref_service_evidence: the service norms as data,
-- 威应急发〔2023〕11号 四(二)、四(四)), and which are missing.
{% set fields = {
    'planned_date': 'services.planned_date is not null', 'appointed_at': 'services.appointed_at is not null',
    'started_at': 'services.started_at is not null', 'finished_at': 'services.finished_at is not null', 'location': 'services.has_location',
    'participants': 'services.participants > 0', 'content': 'services.has_content', 'experts': 'services.expert_hash is not null',
    'evidence_count': 'services.evidence_count > 0', 'checked_work': 'services.checked_work is not null',
    'hazards_found': 'services.hazards_found is not null', 'insured_confirmed_at': 'services.insured_confirmed_at is not null',
    'insurer_confirmed_at': 'services.insurer_confirmed_at is not null', 'revisit_date': 'services.revisit_date is not null',
    'satisfaction': 'services.satisfaction is not null', 'archived_at': 'services.archived_at is not null',
    'channel': 'services.channel is not null', 'reach': 'services.reach is not null', 'equipment': 'services.equipment is not null',
} -%}
with

services as (
    select *
    from {{ ref('fct_service') }}
    where status = '已完成' and finished_on is not null and jurisdiction is not null and not is_told_twice
),

kinds as (
    select distinct
        jurisdiction,
        item,
        form,
        finished_on
    from services
),

norms as (
    select
        kinds.jurisdiction,
        kinds.item,
        kinds.form,
        kinds.finished_on
        {%- for field in fields %},
        max(case when asked.field = '{{ field }}' then asked.name end) as {{ field }}
        {%- endfor %}
    from kinds
    inner join {{ ref('ref_service_evidence') }} as asked
        on (asked.item_code is null or kinds.item = asked.item_code)
        and (asked.form is null or kinds.form = asked.form)
        and kinds.finished_on >= asked.valid_from
        and (asked.valid_to is null or kinds.finished_on <= asked.valid_to)
        and (asked.jurisdiction is null or kinds.jurisdiction = asked.jurisdiction)
    group by kinds.jurisdiction, kinds.item, kinds.form, kinds.finished_on
)

select
    services.jurisdiction,
    {{ year_of('services.finished_on') }} as stat_year,
    services.district_code,
    services.industry_code,
    services.insurer_code,
    services.insured_uscc,
    services.provider,
    services.service_no,
    services.item,
    services.form,
    services.provider_type,
    services.service_org_uscc,
    services.finished_on,
    cast(
        {%- for field in fields %}
        case when norms.{{ field }} is null then 0 else 1 end{{ ' +' if not loop.last }}
        {%- endfor %} as integer
    ) as asked_records,
    cast(
        {%- for field, present in fields.items() %}
        case when norms.{{ field }} is not null and {{ present }} then 1 else 0 end{{ ' +' if not loop.last }}
        {%- endfor %} as integer
    ) as present_records,
    nullif(concat_ws(
        '、'
        {%- for field, present in fields.items() %},
        case when not coalesce({{ present }}, false) then norms.{{ field }} end
        {%- endfor %}
    ), '') as missing_records,
    services.file_id,
    services.sheet,
    services.line_no
from services
inner join norms
    on services.jurisdiction = norms.jurisdiction
    and services.item = norms.item
    and services.form = norms.form
    and services.finished_on = norms.finished_on
