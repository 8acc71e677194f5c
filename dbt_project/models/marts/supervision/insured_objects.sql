-- 保险标的: projects, vessels and road contracts, one row each (应急〔2025〕27号 第二条; 沪安委办〔2023〕32号 二(二)).
-- A policy names what it insures in 施工许可证号 and 项目名称: for 渔船综合险 the vessel's number, for 道路养护 the contract's.
-- Projects come from the housing department's list too, so that one without a policy is seen.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

policies as (
    select
        policies.*,
        case policies.product_code
            when 'fishing_vessel' then '渔船'
            when 'azx_road_maintenance' then '道路养护合同'
            else '建设工程'
        end as object_kind
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    where policies.is_valid and policies.project_code is not null and policies.inception_date <= as_of.as_of
),

projects as (
    select
        projects.*,
        districts.jurisdiction
    from {{ ref('dim_project') }} as projects
    inner join {{ ref('ref_district') }} as districts
        on projects.district_code = districts.district_code
),

newest as (
    select
        *,
        row_number() over (partition by object_kind, project_code order by cover_end desc, policy_no, provider) as place,
        count(*) over (partition by object_kind, project_code) as policies
    from policies
),

-- An annual policy of the builder in the field, that names no project, covers its projects.
annual as (
    select
        policies.*,
        policies.cover_end < as_of.as_of and policies.cover_end > reaches.covers_to as is_unsure,
        row_number() over (partition by policies.insured_uscc order by policies.cover_end desc, policies.policy_no, policies.provider) as place
    from {{ ref('fct_policy') }} as policies
    cross join as_of
    left join {{ ref('int_covers_to') }} as reaches
        on policies.provider = reaches.provider
        and reaches.feed = 'policy'
    where policies.is_valid and policies.project_code is null and policies.industry_code = 'construction'
        and policies.inception_date <= as_of.as_of
),

final as (
    select
        coalesce(projects.jurisdiction, newest.jurisdiction) as jurisdiction,
        coalesce(projects.district_code, newest.district_code) as district_code,
        coalesce(newest.object_kind, '建设工程') as object_kind,
        coalesce(projects.project_code, newest.project_code) as object_code,
        coalesce(projects.name, newest.project_name) as object_name,
        coalesce(projects.builder_uscc, newest.insured_uscc) as unit_uscc,
        projects.project_code is not null as is_listed,
        case
            when projects.project_code is not null
                then projects.status = '在建' and coalesce(projects.start_date <= as_of.as_of, true)
            else newest.cover_end >= as_of.as_of
        end as is_active,
        coalesce(newest.cover_end >= as_of.as_of, false) or coalesce(annual.cover_end >= as_of.as_of, false) as is_insured,
        case
            when newest.cover_end >= as_of.as_of then '保单载明'
            when annual.cover_end >= as_of.as_of then '单位年度保单'
        end as insured_by,
        -- 待核: it ended after the data of its insurer do.
        coalesce(newest.cover_end < as_of.as_of and newest.cover_end > reaches.covers_to, false)
        or coalesce(annual.is_unsure, false) as is_pending,
        cast(coalesce(newest.policies, 0) as bigint) as policies,
        newest.policy_no,
        newest.provider as policy_provider,
        newest.insurer_code,
        newest.inception_date,
        newest.cover_end,
        newest.premium_received,
        newest.insured_persons,
        newest.limit_aggregate,
        projects.cost as project_cost,
        as_of.as_of,
        coalesce(projects.file_id, newest.file_id) as file_id,
        coalesce(projects.sheet, newest.sheet) as sheet,
        coalesce(projects.line_no, newest.line_no) as line_no
    from (select * from newest where place = 1) as newest
    full outer join projects
        on newest.project_code = projects.project_code
        and newest.object_kind = '建设工程'
    left join {{ ref('int_covers_to') }} as reaches
        on newest.provider = reaches.provider
        and reaches.feed = 'policy'
    left join annual
        on projects.builder_uscc = annual.insured_uscc
        and annual.place = 1
    cross join as_of
)

select * from final
