-- 承保机构能力: the newest word of each insurer in a city for each year on what it has: management unit, staff, experts, rules, system, outlets,
-- solvency (应急〔2025〕27号 第十条; AQ 9010-2019 7.1; 威应急发〔2023〕11号 二(三)、四(二)). An insurer that insures there and said nothing has its row too.
with

told as (
    select
        senders.jurisdiction,
        cast(substr(capacity.period, 1, 4) as integer) as stat_year,
        capacity.*,
        row_number() over (
            partition by senders.jurisdiction, capacity.insurer_code, substr(capacity.period, 1, 4)
            order by capacity.period desc, capacity.received_at desc, capacity.provider
        ) as place
    from {{ ref('fct_insurer_capacity') }} as capacity
    inner join {{ ref('ref_provider') }} as senders
        on capacity.provider = senders.provider
),

asked as (
    select distinct
        jurisdiction,
        stat_year,
        insurer_code
    from {{ ref('evidence_policy') }}
    where insurer_code is not null

    union

    select distinct
        jurisdiction,
        stat_year,
        insurer_code
    from told
    where jurisdiction is not null
),

{% set has = {
    'has_management_unit': '管理机构', 'has_risk_staff': '风控人员', 'has_experts': '专家', 'has_rules': '管理制度', 'has_system': '信息系统',
    'has_outlets': '本地网点',
} -%}
judged as (
    select
        asked.jurisdiction,
        asked.stat_year,
        asked.insurer_code,
        names.name as insurer_name,
        told.period,
        told.period is not null as is_reported,
        told.has_management_unit,
        told.risk_staff,
        told.risk_staff > 0 as has_risk_staff,
        told.expert_count,
        told.expert_count > 0 as has_experts,
        told.has_rules,
        told.has_system,
        told.outlets,
        told.outlets > 0 as has_outlets,
        told.solvency_core,
        told.solvency_total,
        told.provider,
        told.file_id,
        told.sheet,
        told.line_no
    from asked
    inner join {{ ref('ref_insurer') }} as names
        on asked.insurer_code = names.insurer_code
    left join told
        on asked.jurisdiction = told.jurisdiction
        and asked.stat_year = told.stat_year
        and asked.insurer_code = told.insurer_code
        and told.place = 1
)

select
    jurisdiction,
    stat_year,
    insurer_code,
    insurer_name,
    period,
    is_reported,
    has_management_unit,
    risk_staff,
    expert_count,
    has_rules,
    has_system,
    outlets,
    solvency_core,
    solvency_total,
    cast(
        {%- for part in has %}
        case when {{ part }} then 1 else 0 end{{ ' +' if not loop.last }}
        {%- endfor %} as integer
    ) as capacity_met,
    {{ has | length }} as capacity_asked,
    case
        when not is_reported then '未报'
        else nullif(concat_ws(
            '、'
            {%- for part, words in has.items() %},
            case when not coalesce({{ part }}, false) then '{{ words }}' end
            {%- endfor %}
        ), '')
    end as capacity_missing,
    provider,
    file_id,
    sheet,
    line_no
from judged
