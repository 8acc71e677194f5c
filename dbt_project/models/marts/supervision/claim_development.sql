-- 赔款进展: paid and incurred claims by the quarter of the loss and the quarter by whose end they were known, cumulative: what a loss
-- quarter looked like then (metrics.md, loss development). ALL is a total. `development_quarter` 1 is the loss quarter itself.
with

quarters as (
    select
        {{ year_of('days.day') }} as year_no,
        cast(extract(quarter from days.day) as integer) as quarter_no,
        {{ year_of('days.day') }} * 4 + cast(extract(quarter from days.day) as integer) as serial,
        max(days.day) as ends_on
    from {{ ref('dim_date') }} as days
    cross join {{ ref('int_as_of') }} as today
    where days.day <= today.as_of
    group by {{ year_of('days.day') }}, cast(extract(quarter from days.day) as integer)
),

versions as (
    select
        versions.*,
        {{ year_of('versions.loss_date') }} * 4 + cast(extract(quarter from versions.loss_date) as integer) as loss_serial
    from {{ ref('fct_claim_version') }} as versions
),

known as (
    select
        versions.jurisdiction,
        versions.industry_code,
        versions.insurer_code,
        versions.loss_serial,
        quarters.serial as known_serial,
        count(*) as claims,
        sum(versions.paid) as paid,
        sum(versions.incurred) as incurred
    from versions
    inner join quarters
        on versions.loss_serial <= quarters.serial
        and versions.known_from <= quarters.ends_on
        and (versions.known_to is null or versions.known_to >= quarters.ends_on)
    where versions.status <> '撤销'
    group by versions.jurisdiction, versions.industry_code, versions.insurer_code, versions.loss_serial, quarters.serial
),

grouped as (
    select
        jurisdiction,
        case when grouping(industry_code) = 1 then 'ALL' else industry_code end as industry_code,
        case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as insurer_code,
        loss_serial,
        known_serial,
        sum(claims) as claims,
        sum(paid) as paid,
        sum(incurred) as incurred
    from known
    group by grouping sets (
        (jurisdiction, industry_code, insurer_code, loss_serial, known_serial),
        (jurisdiction, industry_code, loss_serial, known_serial),
        (jurisdiction, insurer_code, loss_serial, known_serial),
        (jurisdiction, loss_serial, known_serial)
    )
),

final as (
    select
        grouped.jurisdiction,
        grouped.industry_code,
        grouped.insurer_code,
        cast(lost.year_no as string) || 'Q' || cast(lost.quarter_no as string) as loss_quarter,
        cast(seen.year_no as string) || 'Q' || cast(seen.quarter_no as string) as known_quarter,
        seen.ends_on as known_on,
        cast(grouped.known_serial - grouped.loss_serial + 1 as integer) as development_quarter,
        cast(grouped.claims as bigint) as claims,
        {{ yuan('grouped.paid') }} as paid,
        {{ yuan('grouped.incurred') }} as incurred
    from grouped
    inner join quarters as lost
        on grouped.loss_serial = lost.serial
    inner join quarters as seen
        on grouped.known_serial = seen.serial
)

select * from final
