-- 监管发现: every rule of supervision that fired, with severity, evidence keys, a sentence a person can act on, and the clause in
-- force for its city on the day of the fact: no clause that day, no finding (trust.md 4).
-- One file per rule in rules/; severity, sentence, threshold, city, dates and switch are rows of ref_finding_rule, clauses of
-- ref_finding_clause. A few rules to a statement: all in one would keep what each of them joins at once, ten gigabytes for a region.
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
    insurers.name as insurer_name,
    judged.subject_type,
    judged.subject_code,
    judged.unit_uscc,
    units.name as unit_name,
    judged.found_on,
    -- Evidence in one record: the day its file came; what time alone made a finding is known on its own day.
    greatest(coalesce(cast(files.received_at as date), judged.found_on), judged.found_on) as known_on,
    judged.is_past,
    {{ yuan('judged.amount') }} as amount,
    {{ filled('case when judged.is_past then coalesce(judged.sentence_past, judged.sentence) else judged.sentence end', {
        'key': spoken('judged.record_key', {
            'judged.jurisdiction': '', 'judged.insurer_code': '', 'judged.unit_uscc': '', 'judged.industry_code': 'industries.name',
            'judged.district_code': 'districts.name',
        }),
        'unit': named('units.name', 'judged.unit_uscc'),
        'insurer': named('insurers.name', 'judged.insurer_code'),
        '1': "coalesce(judged.value_1, '未填')", '2': "coalesce(judged.value_2, '未填')",
    }) }} as explanation,
    judged.evidence_keys,
    judged.feed,
    judged.provider,
    judged.record_key,
    judged.file_id,
    judged.sheet,
    judged.line_no,
    judged.clause,
    opened.problem_no,
    opened.state as problem_state
from (
    select
        found.*,
        rules.name as rule_name,
        rules.severity,
        rules.sentence,
        rules.sentence_past,
        rules.is_on,
        -- Nobody may put an article into a letter that nobody here has read (domain.md 0.1, tag R).
        clauses.source_doc || ' ' || clauses.article
        || case when clauses.evidence_tag = 'R' then '（未见原文，引用前请核对条文）' else '' end as clause,
        row_number() over (
            partition by found.rule_code, found.provider, found.record_key
            order by {{ precedence('rules') }} desc, {{ precedence('clauses', of_field=false) }} desc
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
    inner join {{ ref('ref_finding_clause') }} as clauses
        on found.rule_code = clauses.rule_code
        and {{ in_force('clauses', 'found.found_on', 'found.jurisdiction', of_field=false) }}
) as judged
left join {{ ref('dim_unit') }} as units
    on judged.unit_uscc = units.uscc
left join {{ ref('ref_insurer') }} as insurers
    on judged.insurer_code = insurers.insurer_code
left join {{ ref('ref_industry') }} as industries
    on judged.industry_code = industries.industry_code
left join {{ ref('ref_district') }} as districts
    on judged.district_code = districts.district_code
left join {{ ref('files') }} as files
    on judged.file_id = files.file_id
left join (
    select
        finding,
        max_by(problem_no, cast(found_date as string) || ' ' || provider || ' ' || problem_no) as problem_no,
        max_by(state, cast(found_date as string) || ' ' || provider || ' ' || problem_no) as state
    from {{ ref('problem_list') }}
    where finding is not null
    group by finding
) as opened
    on judged.rule_code || ':' || coalesce(judged.provider || '/', '') || judged.record_key = opened.finding
where judged.place = 1 and judged.is_on
{{ next_statement() if not loop.last }}
{%- endfor %}
