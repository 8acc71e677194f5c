-- 虚列费用: most of a branch's spending of a full year is booked in December (domain.md 9.2). Few entries say nothing.
with

spent as (
    select
        jurisdiction,
        insurer_code,
        {{ year_of('entry_date') }} as stat_year,
        count(*) as entries,
        sum(case when extract(month from entry_date) = 12 then 1 else 0 end) as december_entries,
        sum(case when extract(month from entry_date) = 12 then amount else 0 end) as december_amount,
        min(case when extract(month from entry_date) = 12 then provider || '/' || entry_no end) as first_entry,
        max(case when extract(month from entry_date) = 12 then provider || '/' || entry_no end) as last_entry
    from {{ ref('fct_fee_entry') }}
    where type = '支出' and jurisdiction is not null
    group by jurisdiction, insurer_code, {{ year_of('entry_date') }}
),

shares as (
    select
        spent.*,
        make_date(spent.stat_year, 12, 31) as year_end,
        {{ ratio('spent.december_entries', 'spent.entries') }} as share
    from spent
    cross join {{ ref('int_as_of') }} as days
    where make_date(spent.stat_year, 12, 31) <= days.as_of
)

select
    {{ finding(
        'december_cluster', 'shares', feed='fee_ledger',
        key="shares.jurisdiction || '|' || shares.insurer_code || '|' || cast(shares.stat_year as string)",
        found_on='shares.year_end',
        evidence="'fee_ledger:' || shares.first_entry || '；fee_ledger:' || shares.last_entry",
        value_1='shares.entries', value_2="cast(cast(100 * shares.share as decimal(5, 1)) as string) || '%'",
        amount='shares.december_amount', district='null', industry='null', located=false
    ) }}
from shares
where shares.entries >= {{ finding_least('december_cluster', 'shares.year_end', 'shares.jurisdiction') }}
    and shares.share >= {{ finding_threshold('december_cluster', 'shares.year_end', 'shares.jurisdiction') }}
