-- 同一信用代码有多个名称, told once per sender of such a policy.
with

mentions as (
    select insured_uscc as uscc, insured_name as name from {{ ref('fct_policy') }}
    union all
    select uscc, name from {{ ref('fct_roster') }}
),

names as (
    select
        uscc,
        count(distinct name) as names
    from mentions
    group by uscc
    having count(distinct name) > 1
),

policies as (
    select
        *,
        row_number() over (partition by insured_uscc, provider order by policy_no, file_id, line_no) as place
    from {{ ref('fct_policy') }}
)

select
    'one_uscc_many_names' as edit_code,
    'policy' as feed,
    policies.policy_no as record_key,
    policies.provider,
    policies.file_id,
    policies.sheet,
    policies.line_no,
    names.uscc as value_1,
    cast(names.names as string) as value_2
from names
inner join policies
    on names.uscc = policies.insured_uscc
    and policies.place = 1
