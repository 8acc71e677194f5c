-- 隐患核对: what each completed service says it found beside the hazards of the ledger that name it. A number told without rows cannot be
-- followed to its closure; rows without a number told are missing from hazards_found.
with

services as (
    select * from {{ ref('fct_service') }} where is_completed
),

ledger as (
    select
        provider,
        service_no,
        count(*) as hazards
    from {{ ref('fct_hazard') }}
    where service_no is not null
    group by provider, service_no
),

compared as (
    select
        services.*,
        coalesce(ledger.hazards, 0) as hazards_in_ledger
    from services
    left join ledger
        on services.provider = ledger.provider
        and services.service_no = ledger.service_no
    where coalesce(services.hazards_found, 0) > 0 or ledger.hazards is not null
),

final as (
    select
        jurisdiction,
        cast({{ year_of('finished_on') }} as integer) as stat_year,
        district_code,
        industry_code,
        insurer_code,
        provider,
        service_no,
        policy_no,
        policy_provider,
        insured_uscc,
        finished_on,
        hazards_found,
        cast(hazards_in_ledger as bigint) as hazards_in_ledger,
        cast(coalesce(hazards_found, 0) - hazards_in_ledger as bigint) as difference,
        case
            when hazards_found is null then '服务未报隐患数'
            when hazards_found > hazards_in_ledger then '台账少于服务所报'
            when hazards_found < hazards_in_ledger then '台账多于服务所报'
            else '相符'
        end as state,
        file_id,
        sheet,
        line_no
    from compared
)

select * from final
