-- 生产经营单位: one row per unit that is on a roster or insured. The roster's word goes before a policy's,
-- the newest before older ones.
with

roster as (
    select
        uscc,
        name,
        district_code,
        jurisdiction,
        employees,
        ownership,
        parent_uscc,
        operating_status,
        1 as source_rank,
        received_at,
        file_id,
        line_no
    from {{ ref('fct_roster') }}
),

insured as (
    select
        insured_uscc as uscc,
        insured_name as name,
        district_code,
        jurisdiction,
        cast(null as bigint) as employees,
        cast(null as string) as ownership,
        cast(null as string) as parent_uscc,
        cast(null as string) as operating_status,
        2 as source_rank,
        received_at,
        file_id,
        line_no
    from {{ ref('fct_policy') }}
),

every_mention as (
    select * from roster
    union all
    select * from insured
),

ranked as (
    select
        *,
        row_number() over (
            partition by uscc order by source_rank, received_at desc, file_id desc, line_no desc
        ) as mention_rank
    from every_mention
),

final as (
    select
        uscc,
        name,
        jurisdiction,
        district_code,
        employees,
        ownership,
        parent_uscc,
        operating_status,
        source_rank = 1 as is_on_roster
    from ranked
    where mention_rank = 1
)

select * from final
