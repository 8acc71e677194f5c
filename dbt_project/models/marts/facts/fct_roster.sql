-- 企业名录, at the grain of the record; see int_roster. is_required: 应保 = 是, or 否 without 列外原因 in a field that must insure on the
-- knowledge date (trust.md 3).
with

roster as (
    select * from {{ ref('int_roster') }}
),

fields as (
    select distinct
        jurisdiction,
        industry_code
    from roster
),

duties as (
    select
        fields.jurisdiction,
        fields.industry_code,
        {{ is_mandatory('today.as_of', 'fields.jurisdiction', 'fields.industry_code') }} as is_mandatory
    from fields
    cross join {{ ref('int_as_of') }} as today
),

final as (
    select
        roster.uscc,
        roster.name,
        roster.district_code,
        roster.address,
        roster.industry_code,
        roster.gb_industry,
        roster.mandatory,
        roster.exempt_reason,
        {{ counts_as_required('roster', 'duties.is_mandatory') }} as is_required,
        roster.permit_no,
        roster.permit_type,
        roster.permit_valid_to,
        roster.operating_status,
        roster.status_date,
        roster.employees,
        roster.ownership,
        roster.parent_uscc,
        roster.department,
        roster.listed_from,
        roster.listed_to,
        roster.fire_class,
        roster.fire_features,
        roster.new_trade,
        roster.jurisdiction,
        roster.provider,
        roster.received_at,
        roster.file_id,
        roster.sheet,
        roster.line_no
    from roster
    inner join duties
        on roster.jurisdiction = duties.jurisdiction
        and roster.industry_code = duties.industry_code
)

select * from final
