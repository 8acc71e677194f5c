-- One row per drop; is_known: received by the end of the as-of day (ANZE_AS_OF; empty: the newest received date).
with

files as (
    select * from {{ landed_in('landing', 'files') }}
),

as_of as (
    {% if env_var('ANZE_AS_OF', '') -%}
    select cast('{{ env_var("ANZE_AS_OF", "") }}' as date) as as_of
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
