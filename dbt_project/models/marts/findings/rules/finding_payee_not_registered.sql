-- 套取: paid to an organisation that is not registered, or whose qualification did not hold that day or failed its audit (domain.md 9.2).
-- Only where a register has been sent for the city; the insured unit itself is payee_is_insured.
with

registers as (
    select distinct providers.jurisdiction
    from {{ ref('dim_service_org') }} as organisations
    inner join {{ ref('ref_provider') }} as providers
        on organisations.provider = providers.provider
)

select
    {{ finding(
        'payee_not_registered', 'entries', feed='fee_ledger', key='entries.entry_no', found_on='entries.entry_date',
        evidence="'fee_ledger:' || entries.provider || '/' || entries.entry_no || coalesce('；policy:' || entries.policy_provider || '/' || entries.policy_no, '')",
        value_1='entries.payee_uscc', amount='entries.amount'
    ) }}
from {{ ref('fct_fee_entry') }} as entries
inner join registers
    on entries.jurisdiction = registers.jurisdiction
left join {{ ref('fct_policy') }} as policies
    on entries.spent_policy_provider = policies.provider
    and entries.spent_policy_no = policies.policy_no
left join {{ ref('dim_service_org') }} as organisations
    on entries.payee_uscc = organisations.uscc
    and (organisations.valid_from is null or entries.entry_date >= organisations.valid_from)
    and (organisations.valid_to is null or entries.entry_date <= organisations.valid_to)
    and coalesce(organisations.audit_result, '') not like '%不合格%'
where entries.type = '支出' and entries.payee_type = '服务机构' and entries.payee_uscc is not null
    and organisations.uscc is null
    and entries.payee_uscc <> coalesce(policies.insured_uscc, '')
    and entries.payee_uscc <> coalesce(policies.policyholder_uscc, '')
