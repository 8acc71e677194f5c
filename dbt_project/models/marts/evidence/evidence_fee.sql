-- Ledger entries of each period (metrics.md, fee_provided and fee_spent).
-- provided: 提取 less 冲回. spent: 支出 tied to a completed service and a voucher; the rest is unproven.
with

entries as (
    select * from {{ ref('fct_fee_entry') }} where counts
),

periods as (
    select * from {{ ref('int_period') }}
),

final as (
    select
        entries.jurisdiction,
        periods.stat_year,
        entries.district_code,
        entries.industry_code,
        entries.insurer_code,
        entries.provider,
        entries.policy_no,
        entries.policy_provider,
        entries.entry_no,
        entries.service_no,
        entries.entry_date,
        entries.type,
        entries.amount,
        entries.is_pool,
        case entries.type when '提取' then entries.amount when '冲回' then -entries.amount else 0 end as provided,
        case when entries.type = '支出' and entries.is_proven then entries.amount else 0 end as spent,
        case when entries.type = '支出' and not entries.is_proven then entries.amount else 0 end as spent_unproven,
        entries.file_id,
        entries.sheet,
        entries.line_no
    from entries
    inner join periods
        on entries.jurisdiction = periods.jurisdiction
        and entries.entry_date between periods.period_start and periods.period_end
)

select * from final
