-- Insurers per cell and how concentrated their premium is (M20, HHI, CR3); a monopoly signal, never a target.
with

by_insurer as (
    select
        {{ cell_columns() }},
        insurer_code,
        sum(premium_received) as premium
    from {{ ref('evidence_insurer_premium') }}
    group by {{ cell_groups(['insurer_code']) }}
),

shares as (
    select
        *,
        cast(premium as double)
        / cast(sum(premium) over (partition by jurisdiction, stat_year, cell_district, cell_industry) as double) as share,
        row_number() over (
            partition by jurisdiction, stat_year, cell_district, cell_industry order by premium desc, insurer_code
        ) as place
    from by_insurer
    where premium > 0
),

final as (
    select
        jurisdiction,
        stat_year,
        cell_district,
        cell_industry,
        count(*) as insurers,
        round(sum(share * share), 9) as hhi,
        round(sum(case when place <= 3 then share else 0 end), 9) as cr3
    from shares
    group by jurisdiction, stat_year, cell_district, cell_industry
)

select * from final
