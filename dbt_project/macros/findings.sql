{#- The threshold of a rule of supervision on a day (ref_finding_rule). -#}
{% macro finding_threshold(rule_code, day, city=none, field=none) -%}
    {{ looked_up('ref_finding_rule', rule_code, 'threshold', day, city, field) }}
{%- endmacro %}

{#- Fewer records than this say nothing: for rules about shares and clusters. -#}
{% macro finding_least(rule_code, day, city=none, field=none) -%}
    {{ looked_up('ref_finding_rule', rule_code, 'least_records', day, city, field) }}
{%- endmacro %}

{#- The select list of a rule of supervision, the interface of the folder models/marts/findings/rules.
    `record`: the alias whose district, field, insurer, file and line the finding takes; single ones are
    overridden by name. `provider`: whose record `key` is; null where it is nobody's own number (a unit, a district, an accident).
    `unit`: the unit concerned (for one that is the subject it need not be said), which the sentence names with its code.
    `is_past`: nothing can be done about the record itself any more (its policy has ended, it was done late): sentence_past.
    `evidence`: 'feed:key；feed:key', with `sender/` before a key that the sender gave itself. value_1, value_2 fill the sentence of ref_finding_rule. -#}
{% macro finding(
    rule_code, record, feed, key, found_on, evidence, value_1='null', value_2='null', amount='null',
    subject_type='承保机构', subject=none, jurisdiction=none, district=none, industry=none, insurer=none, located=true,
    provider=none, unit=none, is_past='false'
) -%}
    {%- set insurer_code = insurer or record ~ '.insurer_code' -%}
    '{{ rule_code }}' as rule_code,
    {{ jurisdiction or record ~ '.jurisdiction' }} as jurisdiction,
    cast({{ district or record ~ '.district_code' }} as string) as district_code,
    cast({{ industry or record ~ '.industry_code' }} as string) as industry_code,
    cast({{ insurer_code }} as string) as insurer_code,
    '{{ subject_type }}' as subject_type,
    cast({{ subject or insurer_code }} as string) as subject_code,
    cast({{ unit or (subject if subject_type == '生产经营单位' else 'null') }} as string) as unit_uscc,
    {{ found_on }} as found_on,
    coalesce({{ is_past }}, false) as is_past,
    {{ yuan(amount) }} as amount,
    '{{ feed }}' as feed,
    cast({{ provider or (record ~ '.provider' if located and feed_of(feed).identity == 'sender' else 'null') }} as string) as provider,
    {{ key }} as record_key,
    {{ evidence }} as evidence_keys,
    cast({{ value_1 }} as string) as value_1,
    cast({{ value_2 }} as string) as value_2,
    {%- if located %}
    {{ record }}.file_id,
    {{ record }}.sheet,
    {{ record }}.line_no
    {%- else %}
    cast(null as string) as file_id,
    cast(null as string) as sheet,
    cast(null as bigint) as line_no
    {%- endif %}
{%- endmacro %}

{#- The rules of supervision: every model in models/marts/findings/rules (named by pipelines/transform/project.py, as
    dbt cannot list a folder). -#}
{% macro finding_models() -%}
    {{ return(env_var('ANZE_FINDING_RULES').split(',')) }}
{%- endmacro %}

{#- Whether a row of ref_clause is of a policy's clause, insurer and product, and holds in its city on its first day. -#}
{% macro is_filed_for(clauses, policies) -%}
    {{ policies }}.clause_filing_no = {{ clauses }}.clause_filing_no
    and {{ policies }}.insurer_code = {{ clauses }}.insurer_code
    and {{ policies }}.product_code = {{ clauses }}.product_code
    and {{ policies }}.inception_date >= {{ clauses }}.valid_from
    and ({{ clauses }}.valid_to is null or {{ policies }}.inception_date <= {{ clauses }}.valid_to)
    and ({{ clauses }}.jurisdiction is null or {{ policies }}.jurisdiction = {{ clauses }}.jurisdiction)
{%- endmacro %}
