-- One row per drop; is_known: received by the end of the as-of day.
with

files as (
    select * from {{ source('landing', 'files') }}
),

as_of as (
    {% if var('as_of') -%}
    select cast('{{ var("as_of") }}' as date) as as_of
    {%- else -%}
    select max(cast(received_at as date)) as as_of from files
    {%- endif %}
),

final as (
    select
        files.*,
        as_of.as_of,
        cast(files.received_at as date) <= as_of.as_of as is_known
    from files
    cross join as_of
)

select * from final
