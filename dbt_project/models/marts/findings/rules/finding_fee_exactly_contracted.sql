-- 套取: nearly every ended policy of a branch and year was spent exactly as contracted, to the yuan (domain.md 9.2).
-- Real costs do not come out so. Few policies say nothing.
with

ended as (
    select
        *,
        {{ year_of('inception_date') }} as stat_year,
        spent_total + spent_from_pool as all_spent,
        case when abs(spent_total + spent_from_pool - contracted) < 1 then 1 else 0 end as is_exact
    from {{ ref('fee_ledger_balance') }}
    where cover_end < as_of and spent_total + spent_from_pool > 0
),

branches as (
    select
        jurisdiction,
        insurer_code,
        stat_year,
        count(*) as policies,
        sum(is_exact) as exact_policies,
        sum(all_spent) as amount,
        max(cover_end) as found_on,
        min(case when is_exact = 1 then provider || '/' || policy_no end) as first_policy,
        max(case when is_exact = 1 then provider || '/' || policy_no end) as last_policy
    from ended
    group by jurisdiction, insurer_code, stat_year
)

select
    {{ finding(
        'fee_exactly_contracted', 'branches', feed='policy',
        key="branches.jurisdiction || '|' || branches.insurer_code || '|' || cast(branches.stat_year as string)",
        found_on='branches.found_on',
        evidence="'policy:' || branches.first_policy || '；policy:' || branches.last_policy", value_1='branches.policies',
        value_2="cast(cast(100.0 * branches.exact_policies / branches.policies as decimal(5, 1)) as string) || '%'",
        amount='branches.amount', district='null', industry='null', located=false
    ) }}
from branches
where branches.policies >= {{ finding_least('fee_exactly_contracted', 'branches.found_on', 'branches.jurisdiction') }}
    and branches.exact_policies >= branches.policies * {{ finding_threshold('fee_exactly_contracted', 'branches.found_on', 'branches.jurisdiction') }}
