-- 参考数据: every row in use on the knowledge date, and where it came from (no file: with the program).
{%- for name, table in reference_tables().items() %}
select
    '{{ name }}' as table_name,
    '{{ table.title }}' as table_title,
    {{ key_of('listed', table.key) }} as record_key,
    {{ 'listed.jurisdiction' if 'jurisdiction' in table.columns else 'cast(null as string)' }} as jurisdiction,
    {{ 'listed.industry_code' if 'industry_code' in table.columns else 'cast(null as string)' }} as industry_code,
    listed.row_received_at as received_at,
    listed.row_file_id as file_id,
    listed.row_sheet as sheet,
    listed.row_line_no as line_no
from {{ ref(name) }} as listed
{{ 'union all' if not loop.last }}
{%- endfor %}
