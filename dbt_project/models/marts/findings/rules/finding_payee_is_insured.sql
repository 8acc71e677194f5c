-- 套取: the fee went back to the insured unit, the policyholder, or a unit of the same ownership (沪安委办〔2023〕32号 二(一)).
-- A pool entry pays for the policy of its service.
with

paid as (
    select
        entries.*,
        policies.insured_uscc,
        policies.policyholder_uscc
    from {{ ref('fct_fee_entry') }} as entries
    inner join {{ ref('fct_policy') }} as policies
        on entries.spent_policy_provider = policies.provider
        and entries.spent_policy_no = policies.policy_no
    where entries.type = '支出' and entries.payee_uscc is not null
)

select
    {{ finding(
        'payee_is_insured', 'paid', feed='fee_ledger', key='paid.entry_no', found_on='paid.entry_date',
        evidence="'fee_ledger:' || paid.provider || '/' || paid.entry_no || '；policy:' || paid.spent_policy_provider || '/' || paid.spent_policy_no",
        value_1='paid.payee_uscc',
        value_2="case when paid.payee_uscc in (paid.insured_uscc, paid.policyholder_uscc) then '投保（被保险）单位' else '被保险单位的关联单位' end",
        unit='paid.insured_uscc', amount='paid.amount'
    ) }}
from paid
left join {{ ref('int_top_unit') }} as owners
    on paid.insured_uscc = owners.uscc
left join {{ ref('int_top_unit') }} as payees
    on paid.payee_uscc = payees.uscc
where paid.payee_uscc in (paid.insured_uscc, paid.policyholder_uscc)
    or coalesce(payees.owner_uscc, paid.payee_uscc) = coalesce(owners.owner_uscc, paid.insured_uscc)
