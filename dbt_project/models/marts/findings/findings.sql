-- 监管发现: every rule of supervision that fired, with severity, evidence keys and a sentence a person can act on.
-- One file per rule in rules/; severity, sentence, threshold, city, dates and switch are rows of ref_finding_rule.
-- A few rules to a statement: all in one would keep what each of them joins at once, ten gigabytes for a region.
{{ first_statement() }}
{%- for models in finding_models() | batch(6) %}
select
    judged.rule_code || ':' || coalesce(judged.provider || '/', '') || judged.record_key as finding_id,
    judged.rule_code,
    judged.rule_name,
    judged.severity,
    judged.jurisdiction,
    judged.district_code,
    judged.industry_code,
    judged.insurer_code,
    judged.subject_type,
    judged.subject_code,
    judged.found_on,
    {{ yuan('judged.amount') }} as amount,
    {{ filled('judged.sentence', {
        'key': 'judged.record_key', '1': "coalesce(judged.value_1, '未填')", '2': "coalesce(judged.value_2, '未填')",
    }) }} as explanation,
    judged.evidence_keys,
    judged.feed,
    judged.provider,
    judged.record_key,
    judged.file_id,
    judged.sheet,
    judged.line_no,
    judged.clause
from (
    select
        found.*,
        rules.name as rule_name,
        rules.severity,
        rules.sentence,
        rules.is_on,
        rules.source_doc || ' ' || rules.article as clause,
        row_number() over (
            partition by found.rule_code, found.provider, found.record_key
            order by {{ precedence('rules') }} desc
        ) as place
    from (
        {%- for model in models %}
        select * from {{ ref(model) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as found
    inner join {{ ref('ref_finding_rule') }} as rules
        on found.rule_code = rules.rule_code
        and {{ in_force('rules', 'found.found_on', 'found.jurisdiction', 'found.industry_code') }}
) as judged
where judged.place = 1 and judged.is_on
{{ next_statement() if not loop.last }}
{%- endfor %}
