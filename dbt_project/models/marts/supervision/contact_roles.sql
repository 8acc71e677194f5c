-- 联络员与领导小组: who named whom for the roles that each department and bureau fills, and who named nobody (威应急发〔2023〕11号 三(二)1、四(一)).
-- One row per sender and role; a role is filled by the sender's own row, or by one that names the sender as its department.
with

roles as (
    select '领导小组' as role
    union all
    select '联络员' as role
),

named as (
    select
        senders.provider,
        contacts.role,
        min_by(contacts.leader_title, contacts.department) as leader_title,
        min_by(contacts.office, contacts.department) as office,
        min_by(cast(contacts.received_at as date), contacts.department) as received_on,
        min_by(contacts.department, contacts.department) as department,
        min_by(contacts.file_id, contacts.department) as file_id,
        min_by(contacts.sheet, contacts.department) as sheet,
        min_by(contacts.line_no, contacts.department) as line_no
    from {{ ref('ref_provider') }} as senders
    inner join {{ ref('dim_contact') }} as contacts
        on senders.provider = contacts.provider
        or senders.name = contacts.department
    group by senders.provider, contacts.role
),

final as (
    select
        senders.jurisdiction,
        senders.provider,
        senders.name as provider_name,
        senders.kind as sender_kind,
        senders.district_code,
        senders.industry_code,
        roles.role,
        named.provider is not null as is_named,
        named.leader_title,
        named.office,
        named.received_on,
        named.file_id,
        named.sheet,
        named.line_no
    from {{ ref('ref_provider') }} as senders
    cross join roles
    left join named
        on senders.provider = named.provider
        and roles.role = named.role
    where senders.kind in ('district_bureau', 'industry_department', 'city_bureau')
)

select * from final
