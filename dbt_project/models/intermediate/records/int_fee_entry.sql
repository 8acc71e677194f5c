-- 事故预防费用: the version of each ledger entry that counts, where it belongs and whether spending is proven (trust.md 4, Money):
-- its service is completed, the same insurer's, under a valid policy and the one named; not already paid by an earlier entry (or in
-- instalments within the contract); with a voucher no other entry has; to a payee of a permitted kind, stated.
-- Of several entries on one service or voucher the first by date and number is proven. Entries without a policy (统筹) belong to the
-- city of the insurer's branch and to no district or industry; what they pay for is known by their service.
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

placed as (
    select
        entries.*,
        policies.provider as policy_provider,
        policies.district_code,
        policies.industry_code,
        entries.policy_no is null as is_pool,
        case when entries.policy_no is null then providers.jurisdiction else policies.jurisdiction end as jurisdiction,
        coalesce(awaiting.awaits, false) as awaits_confirmation,
        (entries.policy_no is null or coalesce(policies.is_valid, false)) and awaiting.awaits is null as counts,
        coalesce(entries.policy_no, services.policy_no) as spent_policy_no,
        case when entries.policy_no is null then services.policy_provider else policies.provider end as spent_policy_provider,
        case
            when entries.type <> '支出' then null
            when entries.service_no is null then '没有写明服务'
            when services.service_no is null then '没有这次服务'
            when not services.is_completed then '服务未完成或未经双方确认'
            when services.is_of_another_unit then '服务对象不是保单的被保险单位'
            when not services.has_valid_policy then '服务所属保单无效'
            when entries.policy_no <> services.policy_no or policies.provider <> services.policy_provider then '服务属于另一张保单'
        end as service_fault,
        case
            when entries.type <> '支出' then null
            when entries.payee_type is null then '没有写明类型'
            when entries.payee_type not in ('服务机构', '专家', '其他') then entries.payee_type
            when entries.payee_type = '服务机构' and entries.payee_uscc is null then '服务机构，没有写明信用代码'
        end as payee_fault
    from entries
    left join shared
        on entries.provider = shared.provider
        and entries.policy_no = shared.policy_no
    left join policies
        on coalesce(shared.policy_provider, entries.provider) = policies.provider
        and entries.policy_no = policies.policy_no
    left join services
        on entries.provider = services.insurer_provider
        and entries.service_no = services.service_no
        and services.is_its_insurers_number
    left join ({{ awaiting('fee_ledger') }}) as awaiting
        on entries.provider = awaiting.provider
        and entries.entry_no = awaiting.record_key
    left join providers
        on entries.provider = providers.provider
),

-- Spending in whose own row nothing is wrong.
sound as (
    select
        provider,
        entry_no,
        service_no,
        entry_date,
        amount,
        coalesce(instalment, false) as instalment,
        contract_amount,
        row_number() over (partition by provider, voucher_no order by entry_date, entry_no) as voucher_place
    from placed
    where type = '支出' and service_fault is null and payee_fault is null and voucher_no is not null and not awaits_confirmation
),

paid as (
    select
        provider,
        entry_no,
        instalment,
        row_number() over (partition by provider, service_no order by entry_date, entry_no) as service_place,
        sum(amount) over (
            partition by provider, service_no order by entry_date, entry_no rows between unbounded preceding and current row
        ) as paid_so_far,
        max(contract_amount) over (partition by provider, service_no) as contract_amount
    from sound
    where voucher_place = 1
),

judged as (
    select
        placed.*,
        case
            when placed.type <> '支出' then null
            when placed.awaits_confirmation then '金额待确认'
            when placed.service_fault is not null then placed.service_fault
            when placed.voucher_no is null then '没有凭证号'
            when placed.payee_fault is not null then '收款方：' || placed.payee_fault
            when paid.entry_no is null then '凭证已用于其他支出'
            when paid.instalment and paid.contract_amount is not null then
                case when paid.paid_so_far > paid.contract_amount then '分期之和超过服务合同金额' end
            when paid.service_place > 1 then '服务已由其他支出列支'
        end as unproven_reason
    from placed
    left join paid
        on placed.provider = paid.provider
        and placed.entry_no = paid.entry_no
),

final as (
    select
        entry_no,
        insurer_code,
        policy_no,
        entry_date,
        type,
        amount,
        service_no,
        category,
        payee_name as payee_hash,
        payee_uscc,
        payee_type,
        voucher_no,
        coalesce(instalment, false) as instalment,
        contract_amount,
        provider,
        received_at,
        file_id,
        sheet,
        line_no,
        policy_provider,
        district_code,
        industry_code,
        is_pool,
        jurisdiction,
        awaits_confirmation,
        counts,
        spent_policy_no,
        spent_policy_provider,
        service_fault,
        payee_fault,
        unproven_reason,
        type = '支出' and unproven_reason is null as is_proven
    from judged
)

select * from final
