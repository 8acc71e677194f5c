-- 监管发现: every rule of supervision that fired, with severity, evidence keys and a sentence a person can act on.
-- One file per rule in rules/; severity, sentence, threshold, city, dates and switch are rows of ref_finding_rule.
-- A few rules to a statement: all in one would keep what each of them joins at once, ten gigabytes for a region.
{{ first_statement() }}
{%- for models in finding_models() | batch(6) %}
select
    found.rule_code || ':' || coalesce(found.provider || '/', '') || found.record_key as finding_id,
    found.rule_code,
    rules.name as rule_name,
    rules.severity,
    found.jurisdiction,
    found.district_code,
    found.industry_code,
    found.insurer_code,
    found.subject_type,
    found.subject_code,
    found.found_on,
    {{ yuan('found.amount') }} as amount,
    {{ filled('rules.sentence', {
        'key': 'found.record_key', '1': "coalesce(found.value_1, '未填')", '2': "coalesce(found.value_2, '未填')",
    }) }} as explanation,
    found.evidence_keys,
    found.feed,
    found.provider,
    found.record_key,
    found.file_id,
    found.sheet,
    found.line_no,
    rules.source_doc || ' ' || rules.article as clause
from (
    {%- for model in models %}
    select * from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
) as found
inner join {{ ref('ref_finding_rule') }} as rules
    on found.rule_code = rules.rule_code
    and (rules.jurisdiction is null or found.jurisdiction = rules.jurisdiction)
    and found.found_on >= rules.valid_from
    and (rules.valid_to is null or found.found_on <= rules.valid_to)
where rules.is_on
{{ next_statement() if not loop.last }}
{%- endfor %}
