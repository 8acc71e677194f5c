-- 许可证与名录核对: permits as an independent denominator beside the roster (沪安委办〔2023〕32号 二(二)): who holds one and is not listed,
-- who is listed as not required, whose permit has run out and is still in operation, and who is listed without one where others of the
-- field hold one. One row per permit, and one per roster row without a permit.
with

permits as (
    select
        held.*,
        held.status = '有效' and (held.valid_to is null or held.valid_to >= today.as_of) as is_valid
    from {{ ref('fct_permit') }} as held
    cross join {{ ref('int_as_of') }} as today
),

roster as (
    select
        roster.*,
        {{ is_on_roster('roster', 'today.as_of') }} as is_standing
    from {{ ref('fct_roster') }} as roster
    cross join {{ ref('int_as_of') }} as today
),

insured as (
    select distinct
        covers.insured_uscc,
        covers.industry_code
    from {{ ref('int_cover_island') }} as covers
    cross join {{ ref('int_as_of') }} as today
    where today.as_of between covers.starts_on and covers.ends_on
),

compared as (
    select
        coalesce(permits.jurisdiction, roster.jurisdiction) as jurisdiction,
        coalesce(roster.district_code, units.district_code) as district_code,
        permits.industry_code,
        permits.uscc,
        coalesce(units.name, permits.name) as unit_name,
        permits.provider,
        permits.permit_no,
        permits.kind as permit_kind,
        permits.valid_to,
        permits.status as permit_status,
        permits.is_valid as is_permit_valid,
        roster.is_required,
        case
            when permits.is_valid and roster.uscc is null then '持证未列名录'
            when permits.is_valid and not roster.is_standing then '持证而名录已移出或停业'
            when permits.is_valid and not roster.is_required then '持证而列为不应保'
            when permits.is_valid then '相符'
            when roster.is_standing then '证已失效仍在名录'
            else '证已失效、不在名录'
        end as state,
        'permit:' || permits.provider || '/' || permits.permit_no
        || case when roster.uscc is null then '' else '；enterprise:' || roster.uscc || '|' || roster.industry_code end as evidence_keys,
        permits.file_id,
        permits.sheet,
        permits.line_no
    from permits
    left join roster
        on permits.uscc = roster.uscc
        and permits.industry_code = roster.industry_code
    left join {{ ref('dim_unit') }} as units
        on permits.uscc = units.uscc
),

unpermitted as (
    select
        roster.jurisdiction,
        roster.district_code,
        roster.industry_code,
        roster.uscc,
        roster.name as unit_name,
        roster.provider,
        cast(null as string) as permit_no,
        cast(null as string) as permit_kind,
        cast(null as date) as valid_to,
        cast(null as string) as permit_status,
        cast(null as boolean) as is_permit_valid,
        roster.is_required,
        '在名录而无许可证' as state,
        'enterprise:' || roster.uscc || '|' || roster.industry_code as evidence_keys,
        roster.file_id,
        roster.sheet,
        roster.line_no
    from roster
    inner join (select distinct held.jurisdiction, held.industry_code from permits as held) as permitted
        on roster.jurisdiction = permitted.jurisdiction
        and roster.industry_code = permitted.industry_code
    left join permits
        on roster.uscc = permits.uscc
        and roster.industry_code = permits.industry_code
    where roster.is_standing and permits.uscc is null
),

final as (
    select
        rows_of_both.jurisdiction,
        rows_of_both.district_code,
        rows_of_both.industry_code,
        rows_of_both.uscc,
        rows_of_both.unit_name,
        rows_of_both.provider,
        rows_of_both.permit_no,
        rows_of_both.permit_kind,
        rows_of_both.valid_to,
        rows_of_both.permit_status,
        rows_of_both.is_permit_valid,
        rows_of_both.is_required,
        insured.insured_uscc is not null as is_insured,
        rows_of_both.state,
        rows_of_both.evidence_keys,
        rows_of_both.file_id,
        rows_of_both.sheet,
        rows_of_both.line_no
    from (select * from compared
    union all
    select * from unpermitted) as rows_of_both
    left join insured
        on rows_of_both.uscc = insured.insured_uscc
        and rows_of_both.industry_code = insured.industry_code
)

select * from final
