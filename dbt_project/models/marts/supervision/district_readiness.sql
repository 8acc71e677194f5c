-- 区市服务体系就绪度: whether what a working system needs is there in each area and year: plan, roster in time, ledger of problems,
-- inspections, contacts, summary, data of the insurers that insure there (威应急发〔2023〕11号 三(一): 服务体系基本建成). Of a year that goes on
-- the summary is not asked for.
with

years as (
    select distinct
        jurisdiction,
        stat_year,
        period_end
    from {{ ref('int_period') }}
),

bureaus as (
    select
        provider,
        name,
        jurisdiction,
        district_code
    from {{ ref('ref_provider') }}
    where kind = 'district_bureau'
),

documents as (
    select
        provider,
        cast(year as integer) as stat_year,
        max(case when kind = '实施方案' then 1 else 0 end) as has_plan,
        max(case when kind = '总结评估报告' then 1 else 0 end) as has_summary
    from {{ ref('fct_document') }}
    group by provider, year
),

rosters as (
    select
        provider,
        units,
        coalesce(days_late, 0) as days_late
    from {{ ref('roster_freshness') }}
),

problems as (
    select
        provider,
        {{ year_of('found_date') }} as stat_year,
        count(*) as problems
    from {{ ref('fct_problem') }}
    group by provider, {{ year_of('found_date') }}
),

inspections as (
    select
        provider,
        {{ year_of('inspected_on') }} as stat_year,
        count(*) as inspections
    from {{ ref('fct_inspection') }}
    group by provider, {{ year_of('inspected_on') }}
),

contacts as (
    select
        provider,
        min(case when is_named then 1 else 0 end) as all_named
    from {{ ref('contact_roles') }}
    group by provider
),

late as (
    select distinct provider
    from {{ ref('coverage') }}
    where days_late > 0
),

insurers as (
    select
        insured.district_code,
        insured.stat_year,
        max(case when late.provider is null then 0 else 1 end) as some_late
    from {{ ref('evidence_policy') }} as insured
    left join late
        on insured.provider = late.provider
    group by insured.district_code, insured.stat_year
),

checked as (
    select
        years.jurisdiction,
        years.stat_year,
        bureaus.district_code,
        bureaus.provider,
        bureaus.name as provider_name,
        coalesce(documents.has_plan, 0) = 1 as has_plan,
        coalesce(rosters.units, 0) > 0 and rosters.days_late = 0 as has_roster,
        coalesce(problems.problems, 0) > 0 as has_problem_ledger,
        coalesce(inspections.inspections, 0) > 0 as has_inspections,
        coalesce(contacts.all_named, 0) = 1 as has_contacts,
        case when years.period_end = make_date(years.stat_year, 12, 31) then coalesce(documents.has_summary, 0) = 1 end as has_summary,
        insurers.some_late = 0 as has_insurer_data
    from years
    inner join bureaus
        on years.jurisdiction = bureaus.jurisdiction
    left join documents
        on bureaus.provider = documents.provider
        and years.stat_year = documents.stat_year
    left join rosters
        on bureaus.provider = rosters.provider
    left join problems
        on bureaus.provider = problems.provider
        and years.stat_year = problems.stat_year
    left join inspections
        on bureaus.provider = inspections.provider
        and years.stat_year = inspections.stat_year
    left join contacts
        on bureaus.provider = contacts.provider
    left join insurers
        on bureaus.district_code = insurers.district_code
        and years.stat_year = insurers.stat_year
),

{% set checks = {
    'has_plan': '实施方案', 'has_roster': '按期更新的名录', 'has_problem_ledger': '问题清单', 'has_inspections': '检查记录', 'has_contacts': '联络员与领导小组',
    'has_summary': '总结评估报告', 'has_insurer_data': '保险机构到齐的数据',
} -%}
final as (
    select
        *,
        cast(
            {%- for check in checks %}
            case when {{ check }} then 1 else 0 end{{ ' +' if not loop.last }}
            {%- endfor %} as integer
        ) as ready_parts,
        cast(
            {%- for check in checks %}
            case when {{ check }} is null then 0 else 1 end{{ ' +' if not loop.last }}
            {%- endfor %} as integer
        ) as asked_parts,
        nullif(concat_ws(
            '、'
            {%- for check, words in checks.items() %},
            case when not {{ check }} then '{{ words }}' end
            {%- endfor %}
        ), '') as missing_parts
    from checked
)

select * from final
