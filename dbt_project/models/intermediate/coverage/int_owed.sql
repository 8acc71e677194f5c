-- Which feed a sender owes how often (报送周期, ref_cadence), by the row in force on the knowledge date: its city's before the country's.
with

cadences as (
    select
        providers.provider,
        providers.name,
        providers.kind,
        providers.jurisdiction,
        cadence.feed,
        cadence.months,
        cadence.due_day,
        cadence.valid_from,
        row_number() over (
            partition by providers.provider, cadence.feed order by {{ precedence('cadence', of_field=false) }} desc
        ) as place
    from {{ ref('ref_provider') }} as providers
    inner join {{ ref('ref_cadence') }} as cadence
        on providers.kind = cadence.sender_kind
        and (cadence.jurisdiction is null or providers.jurisdiction = cadence.jurisdiction)
    cross join {{ ref('int_as_of') }} as today
    where today.as_of >= cadence.valid_from and (cadence.valid_to is null or today.as_of <= cadence.valid_to)
),

-- Nothing was owed to a city that had not begun to receive.
begun as (
    select
        providers.jurisdiction,
        min(cast(files.received_at as date)) as begun_on
    from {{ ref('stg_quality__files') }} as files
    inner join {{ ref('ref_provider') }} as providers
        on files.provider = providers.provider
    where files.is_known and files.status = 'loaded'
    group by providers.jurisdiction
),

final as (
    select
        cadences.provider,
        cadences.name,
        cadences.kind,
        cadences.jurisdiction,
        cadences.feed,
        cadences.months,
        cadences.due_day,
        greatest(cadences.valid_from, begun.begun_on) as owed_from
    from cadences
    inner join begun
        on cadences.jurisdiction = begun.jurisdiction
    where cadences.place = 1 and cadences.months > 0
)

select * from final
