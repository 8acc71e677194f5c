-- What happened in each month: flows only, so that the months of a year add up to supervision_metrics.
-- Rows are summed by month per source first; the totals over them are made by the macro, as everywhere.
{%- set flows = [
    {'rows': ref('evidence_premium'), 'day': 'effective_date', 'sums': {
        'policies': 'case when endorsement_no is null then 1 else 0 end', 'premium_received': 'premium_received'}},
    {'rows': ref('evidence_service'), 'day': 'finished_on', 'sums': {
        'services': '1', 'hazards_found': 'coalesce(hazards_found, 0)'}},
    {'rows': ref('evidence_claim'), 'day': 'close_date', 'sums': {
        'claims': 'case when is_settled then 1 else 0 end', 'claims_settled': 'case when is_settled then settled else 0 end'}},
    {'rows': ref('evidence_fee'), 'day': 'entry_date', 'sums': {'fee_provided': 'provided', 'fee_spent': 'spent'}},
] %}
{%- set counts = ['policies', 'services', 'hazards_found', 'claims'] %}
{%- set amounts = ['premium_received', 'claims_settled', 'fee_provided', 'fee_spent'] %}
with

happened as (
    {%- for flow in flows %}
    select
        jurisdiction,
        stat_year,
        {{ month_of(flow['day']) }} as month_no,
        district_code,
        industry_code
        {%- for name in counts + amounts %},
        {{ 'sum(' ~ flow['sums'][name] ~ ')' if name in flow['sums'] else '0' }} as {{ name }}
        {%- endfor %}
    from {{ flow['rows'] }}
    where {{ flow['day'] }} is not null and {{ year_of(flow['day']) }} = stat_year
    group by jurisdiction, stat_year, {{ month_of(flow['day']) }}, district_code, industry_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

grouped as (
    select
        {{ cell_columns() }},
        month_no
        {%- for name in counts %},
        cast(sum({{ name }}) as bigint) as {{ name }}
        {%- endfor %}
        {%- for name in amounts %},
        {{ yuan('sum(' ~ name ~ ')') }} as {{ name }}
        {%- endfor %}
    from happened
    group by {{ cell_groups(['month_no']) }}
),

-- Pool entries have no district or industry: they reach the city's total only.
final as (
    select
        jurisdiction,
        stat_year,
        month_no,
        cell_district as district_code,
        cell_industry as industry_code,
        {{ (counts + amounts) | join(', ') }}
    from grouped
    where cell_district is not null and cell_industry is not null
)

select * from final
