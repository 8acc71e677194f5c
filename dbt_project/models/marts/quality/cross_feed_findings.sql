-- Cross-feed rules that do not hold now. A finding waits for the missing side and goes when it comes;
-- nothing has to be sent again. One file per rule in models/intermediate/edits.
{%- set declared_feed = "case when found.feed = 'declaration' then substring(found.record_key, 1, position('|' in found.record_key) - 1) end" %}
with

found as (
    {%- for model in edit_models() %}
    select * from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

edits as (
    select * from {{ ref('ref_edit') }}
),

files as (
    select * from {{ ref('stg_quality__files') }}
),

answers as (
    select * from {{ ref('fct_answer') }}
),

final as (
    select
        found.edit_code as rule_code,
        edits.severity,
        edits.title,
        found.provider,
        found.feed,
        found.record_key,
        found.file_id,
        files.file_name,
        found.sheet,
        found.line_no,
        {{ filled('edits.message', {
            'key': spoken('found.record_key', {
                'fields.industry_code': 'fields.name', declared_feed: feed_title(declared_feed),
            }),
            '1': "coalesce(found.value_1, '')", '2': "coalesce(found.value_2, '')",
        }) }} as message,
        edits.source_doc,
        {{ reject_no('found') }} as subject_no,
        answers.answer_text
    from found
    inner join edits
        on found.edit_code = edits.edit_code
    left join {{ ref('ref_industry') }} as fields
        on found.feed = 'enterprise'
        and substring(found.record_key, position('|' in found.record_key) + 1) = fields.industry_code
    inner join files
        on found.file_id = files.file_id
    left join answers
        on found.provider = answers.provider
        and {{ reject_no('found') }} = answers.subject_no
)

select * from final
