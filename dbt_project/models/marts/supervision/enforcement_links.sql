-- 执法关联: each penalty with what it is for: the accident, the hazard that was not mended, the problem on the list; of units and of insurers
-- (威应急发〔2023〕11号 三(二)2; 沪安委办〔2023〕32号 一(二)、一(三)). A hazard is linked by its number and unit, or by the case number it carries.
with

cases as (
    select
        cases.*,
        senders.jurisdiction,
        senders.district_code
    from {{ ref('fct_enforcement') }} as cases
    inner join {{ ref('ref_provider') }} as senders
        on cases.provider = senders.provider
),

linked as (
    {%- for hazards_of in [
        'cases.hazard_no = hazards.hazard_no and cases.uscc = hazards.insured_uscc', 'cases.case_no = hazards.case_no'
    ] %}
    select
        cases.provider,
        cases.case_no,
        hazards.provider as hazard_provider,
        hazards.hazard_no,
        hazards.grade,
        hazards.state,
        hazards.found_date
    from cases
    inner join {{ ref('hazard_ledger') }} as hazards
        on {{ hazards_of }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

placed as (
    select
        *,
        row_number() over (partition by provider, case_no order by found_date desc, hazard_no, hazard_provider) as place
    from linked
),

names as (
    select insurer_code as target_code, name from {{ ref('ref_insurer') }}
    union all
    select uscc as target_code, name from {{ ref('dim_service_org') }}
)

select
    cases.jurisdiction,
    cases.district_code,
    cases.provider,
    cases.case_no,
    cases.decided_on,
    cases.target_type,
    cases.target_code,
    cases.uscc as unit_uscc,
    coalesce(units.name, names.name) as target_name,
    cases.law_article,
    cases.fine,
    case
        when accidents.accident_id is not null then '事故追责'
        when linked.hazard_no is not null then '隐患执法'
        when problems.problem_no is not null then '问题查处'
        else '未关联'
    end as grounds,
    accidents.accident_id,
    cast(accidents.occurred_at as date) as accident_on,
    linked.hazard_provider,
    linked.hazard_no,
    linked.grade as hazard_grade,
    linked.state as hazard_state,
    problems.problem_no,
    problems.kind as problem_kind,
    problems.state as problem_state,
    cases.file_id,
    cases.sheet,
    cases.line_no
from cases
left join {{ ref('fct_accident') }} as accidents
    on cases.accident_id = accidents.accident_id
left join placed as linked
    on cases.provider = linked.provider
    and cases.case_no = linked.case_no
    and linked.place = 1
left join {{ ref('problem_list') }} as problems
    on cases.provider = problems.provider
    and cases.problem_no = problems.problem_no
left join {{ ref('dim_unit') }} as units
    on cases.uscc = units.uscc
left join names
    on cases.target_code = names.target_code
