{{ config(materialized='table') }}
-- 待核实金额: single amounts so far from what their field usually shows that a unit error is likelier than the truth, and large enough
-- to move a city's ratio (ref_rule: confirm_amount_min, confirm_median_factor; trust.md 2). They are loaded and not counted until the
-- sender sends the row again, corrected or with 已核实 = 是, or answers 确认 to the number of this row. The median is of the field (of the feed, where rows have no field).
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% set amounts = {
    'policy': {'columns': ['premium_written', 'premium_received'], 'field': 'industry_code'},
    'endorsement': {'columns': ['premium_change', 'received_change'], 'field': "'ALL'"},
    'claim': {'columns': ['estimate', 'paid_to_date'], 'field': "'ALL'"},
    'fee_ledger': {'columns': ['amount'], 'field': "case when policy_no is null then '统筹' else type end"},
} %}
large as (
    {%- for feed, of in amounts.items() %}
    {%- for column in of.columns %}
    select
        '{{ feed }}' as feed,
        '{{ column }}' as column_name,
        newest.provider,
        newest.{{ feed_of(feed).key[0] }} as record_key,
        {{ of.field }} as field,
        abs(newest.{{ column }}) as amount,
        newest.received_at,
        newest.file_id,
        newest.sheet,
        newest.line_no
    from ({{ newest_versions(feed) }}) as newest
    cross join as_of
    where not coalesce(newest.confirmed, false)
        and abs(newest.{{ column }}) >= {{ rule_value('confirm_amount_min', 'as_of.as_of') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Only of what a large amount is to be compared with: few nights have any.
usual as (
    {%- for feed, of in amounts.items() %}
    {%- for column in of.columns %}
    select
        '{{ feed }}' as feed,
        '{{ column }}' as column_name,
        said.field,
        {{ median_yuan('said.amount') }} as usual_amount
    from (
        select
            {{ of.field }} as field,
            abs({{ column }}) as amount
        from {{ staged(feed) }}
        where {{ column }} <> 0
    ) as said
    where said.field in (select large.field from large where large.feed = '{{ feed }}' and large.column_name = '{{ column }}')
    group by said.field
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

answered as (
    select distinct
        provider,
        upper(trim(subject_no)) as subject_no
    from ({{ newest_versions('answer') }}) as newest
    where kind = '确认'
),

final as (
    select
        large.feed,
        large.column_name,
        large.provider,
        large.record_key,
        large.field,
        large.amount,
        {{ yuan('usual.usual_amount') }} as usual_amount,
        large.received_at,
        large.file_id,
        large.sheet,
        large.line_no,
        {{ reject_no('large') }} as subject_no
    from large
    inner join usual
        on large.feed = usual.feed
        and large.column_name = usual.column_name
        and large.field = usual.field
    left join answered
        on large.provider = answered.provider
        and {{ reject_no('large') }} = answered.subject_no
    cross join as_of
    where large.amount >= {{ share_of('usual.usual_amount', rule_value('confirm_median_factor', 'as_of.as_of'), 3) }}
        and answered.subject_no is null
)

select * from final
