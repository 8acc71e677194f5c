-- 超上限: an insurer's spending of a year in a city, pool entries included, is above its share of the premium received, and so is what
-- it has spent since the ceiling began (应急厅函〔2024〕322号; 应急〔2025〕27号: 21 %). The account: fee_account.
with

accounts as (
    select
        accounts.*,
        entries.first_entry,
        entries.last_entry
    from {{ ref('fee_account') }} as accounts
    inner join (
        select
            jurisdiction,
            stat_year,
            insurer_code,
            min(provider || '/' || entry_no) as first_entry,
            max(provider || '/' || entry_no) as last_entry
        from {{ ref('evidence_fee') }}
        where type = '支出'
        group by jurisdiction, stat_year, insurer_code
    ) as entries
        on accounts.jurisdiction = entries.jurisdiction
        and accounts.stat_year = entries.stat_year
        and accounts.insurer_code = entries.insurer_code
)

select
    {{ finding(
        'fee_above_cap', 'accounts', feed='fee_ledger',
        key="accounts.jurisdiction || '|' || accounts.insurer_code || '|' || cast(accounts.stat_year as string)",
        found_on='accounts.period_end',
        evidence="'fee_ledger:' || accounts.first_entry || '；fee_ledger:' || accounts.last_entry",
        value_1='accounts.fee_spent_capped', value_2='accounts.fee_ceiling',
        amount='accounts.fee_spent_capped - accounts.fee_ceiling', district='null', industry='null', located=false
    ) }}
from accounts
where accounts.is_above_ceiling
