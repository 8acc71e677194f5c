-- 事故预防费用专账: per insurer, city and year, and running: premium received, the ceiling by the rule of its day, contracted, provided,
-- spent (proven, unproven), balance; pool entries included (trust.md 4, Money; 应急〔2025〕27号 事故预防服务费用条款). The year in which the
-- ceiling began holds what was spent since that day against the whole year's premium.
with

years as (
    select
        periods.jurisdiction,
        periods.stat_year,
        periods.period_end,
        periods.as_of,
        present.insurer_code,
        {{ rule_value('fee_spent_share_max', 'periods.period_end', 'periods.jurisdiction') }} as fee_cap
    from {{ ref('int_period') }} as periods
    inner join (
        select jurisdiction, insurer_code from {{ ref('evidence_insurer_premium') }}
        union
        select jurisdiction, insurer_code from {{ ref('evidence_fee') }}
    ) as present
        on periods.jurisdiction = present.jurisdiction
),

premium as (
    select
        jurisdiction,
        stat_year,
        insurer_code,
        sum(premium_received) as premium_received,
        sum(fee_contracted) as fee_contracted
    from {{ ref('evidence_insurer_premium') }}
    group by jurisdiction, stat_year, insurer_code
),

entries as (
    select
        booked.*,
        {{ rule_value('fee_spent_share_max', 'booked.entry_date', 'booked.jurisdiction') }} is not null as is_capped
    from {{ ref('evidence_fee') }} as booked
),

fees as (
    select
        jurisdiction,
        stat_year,
        insurer_code,
        sum(provided) as fee_provided,
        sum(spent) as fee_spent,
        sum(spent_unproven) as fee_spent_unproven,
        sum(case when is_pool then provided else 0 end) as pool_provided,
        sum(case when is_pool then spent + spent_unproven else 0 end) as pool_spent,
        sum(case when is_capped then spent + spent_unproven else 0 end) as fee_spent_capped,
        count(*) as entries
    from entries
    group by jurisdiction, stat_year, insurer_code
),

summed as (
    select
        years.*,
        {{ yuan('coalesce(premium.premium_received, 0)') }} as premium_received,
        {{ yuan('coalesce(premium.fee_contracted, 0)') }} as fee_contracted,
        {{ yuan('coalesce(fees.fee_provided, 0)') }} as fee_provided,
        {{ yuan('coalesce(fees.fee_spent, 0)') }} as fee_spent,
        {{ yuan('coalesce(fees.fee_spent_unproven, 0)') }} as fee_spent_unproven,
        {{ yuan('coalesce(fees.pool_provided, 0)') }} as pool_provided,
        {{ yuan('coalesce(fees.pool_spent, 0)') }} as pool_spent,
        {{ yuan('coalesce(fees.fee_spent_capped, 0)') }} as fee_spent_capped,
        {{ yuan(share_of('coalesce(premium.premium_received, 0)', 'years.fee_cap')) }} as fee_ceiling,
        cast(coalesce(fees.entries, 0) as bigint) as entries
    from years
    left join premium
        on years.jurisdiction = premium.jurisdiction
        and years.stat_year = premium.stat_year
        and years.insurer_code = premium.insurer_code
    left join fees
        on years.jurisdiction = fees.jurisdiction
        and years.stat_year = fees.stat_year
        and years.insurer_code = fees.insurer_code
),

running as (
    select
        *,
        {%- for column in ['premium_received', 'fee_contracted', 'fee_provided', 'fee_spent', 'fee_spent_unproven', 'fee_spent_capped', 'fee_ceiling'] %}
        {{ yuan('sum(' ~ column ~ ') over (partition by jurisdiction, insurer_code order by stat_year rows between unbounded preceding and current row)') }}
            as {{ column }}_running
            {{- ',' if not loop.last }}
        {%- endfor %}
    from summed
),

final as (
    select
        running.jurisdiction,
        running.stat_year,
        running.insurer_code,
        insurers.name as insurer_name,
        running.premium_received,
        cast(running.fee_cap as double) as fee_cap,
        running.fee_ceiling,
        running.fee_contracted,
        running.fee_provided,
        running.fee_spent,
        running.fee_spent_unproven,
        {{ yuan('running.fee_spent + running.fee_spent_unproven') }} as fee_spent_total,
        running.fee_spent_capped,
        running.pool_provided,
        running.pool_spent,
        {{ yuan('running.fee_provided - running.fee_spent - running.fee_spent_unproven') }} as balance,
        {{ ratio('(running.fee_spent + running.fee_spent_unproven)', 'running.premium_received') }} as spent_share,
        running.premium_received_running,
        running.fee_ceiling_running,
        running.fee_contracted_running,
        running.fee_provided_running,
        {{ yuan('running.fee_spent_running + running.fee_spent_unproven_running') }} as fee_spent_total_running,
        running.fee_spent_capped_running,
        {{ yuan('running.fee_provided_running - running.fee_spent_running - running.fee_spent_unproven_running') }} as balance_running,
        coalesce(
            running.fee_spent_capped > running.fee_ceiling and running.fee_spent_capped_running > running.fee_ceiling_running, false
        ) as is_above_ceiling,
        running.entries,
        running.period_end,
        running.as_of
    from running
    inner join {{ ref('ref_insurer') }} as insurers
        on running.insurer_code = insurers.insurer_code
    where running.entries > 0 or running.premium_received <> 0
)

select * from final
