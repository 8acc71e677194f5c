-- Completed visits entrusted to an organisation, and whether its qualification held on the day (register of
-- technical service organisations). Only cities for which a register has been sent.
with

organisations as (
    select
        organisations.*,
        providers.jurisdiction
    from {{ ref('dim_service_org') }} as organisations
    inner join {{ ref('ref_provider') }} as providers
        on organisations.provider = providers.provider
),

registers as (
    select distinct jurisdiction from organisations
),

final as (
    select
        services.*,
        organisations.uscc as registered_uscc,
        organisations.uscc is not null
        and (organisations.valid_from is null or services.finished_on >= organisations.valid_from)
        and (organisations.valid_to is null or services.finished_on <= organisations.valid_to)
        and coalesce(organisations.audit_result, '') not like '%不合格%' as is_qualified
    from {{ ref('fct_service') }} as services
    inner join registers
        on services.jurisdiction = registers.jurisdiction
    left join organisations
        on services.service_org_uscc = organisations.uscc
    where services.is_completed and services.has_valid_policy and services.provider_type = '委托'
)

select * from final
