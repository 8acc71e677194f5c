-- 事故预防费用: the version of each ledger entry that counts, where it belongs and whether spending is proven.
-- Entries without a policy (统筹) belong to the city of the insurer's branch and to no district or industry.
with

entries as (
    {{ newest_versions('fee_ledger') }}
),

policies as (
    select * from {{ ref('fct_policy') }}
),

shared as (
    select * from {{ ref('int_shared_policy') }}
),

services as (
    select * from {{ ref('fct_service') }}
),

providers as (
    select * from {{ ref('ref_provider') }}
),

final as (
    select
        entries.entry_no,
        entries.insurer_code,
        entries.policy_no,
        entries.entry_date,
        entries.type,
        entries.amount,
        entries.service_no,
        entries.category,
        entries.payee_name as payee_hash,
        entries.payee_uscc,
        entries.payee_type,
        entries.voucher_no,
        entries.provider,
        entries.received_at,
        entries.file_id,
        entries.sheet,
        entries.line_no,
        policies.provider as policy_provider,
        policies.district_code,
        policies.industry_code,
        entries.policy_no is null as is_pool,
        case when entries.policy_no is null then providers.jurisdiction else policies.jurisdiction end as jurisdiction,
        coalesce(awaiting.awaits, false) as awaits_confirmation,
        (entries.policy_no is null or coalesce(policies.is_valid, false)) and awaiting.awaits is null as counts,
        entries.voucher_no is not null and coalesce(services.is_completed, false) as is_proven
    from entries
    left join shared
        on entries.provider = shared.provider
        and entries.policy_no = shared.policy_no
    left join policies
        on coalesce(shared.policy_provider, entries.provider) = policies.provider
        and entries.policy_no = policies.policy_no
    left join services
        on entries.provider = services.provider
        and entries.service_no = services.service_no
    left join ({{ awaiting('fee_ledger') }}) as awaiting
        on entries.provider = awaiting.provider
        and entries.entry_no = awaiting.record_key
    left join providers
        on entries.provider = providers.provider
)

select * from final
