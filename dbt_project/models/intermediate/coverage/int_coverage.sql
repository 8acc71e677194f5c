-- How far the data of each sender and feed reach, and when more is or was due: the first period that is not covered whole is due
-- so many days after its end (ref_cadence). Feeds that are owed, and those that came without being owed.
with

reached as (
    select
        coalesce(owed.provider, reaches.provider) as provider,
        coalesce(owed.feed, reaches.feed) as feed,
        reaches.covers_to,
        coalesce(reaches.is_declared, false) as is_declared,
        reaches.last_received,
        owed.provider is not null as is_owed,
        owed.months,
        owed.due_day,
        coalesce({{ add_days('reaches.covers_to', 1) }}, owed.owed_from) as first_open
    from {{ ref('int_owed') }} as owed
    full outer join {{ ref('int_covers_to') }} as reaches
        on owed.provider = reaches.provider
        and owed.feed = reaches.feed
),

ended as (
    select
        *,
        last_day(make_date(
            {{ year_of('first_open') }},
            cast(floor(({{ month_of('first_open') }} + months - 1) / months) * months as integer),
            1
        )) as period_end
    from reached
),

dated as (
    select
        *,
        {{ add_days('period_end', 'cast(due_day as integer)') }} as due
    from ended
),

final as (
    select
        dated.provider,
        providers.name as provider_name,
        providers.kind as sender_kind,
        providers.jurisdiction,
        dated.feed,
        dated.covers_to,
        dated.is_declared,
        dated.last_received,
        dated.is_owed,
        dated.due,
        case when dated.is_owed then greatest({{ days_inclusive('dated.due', 'today.as_of') }} - 1, 0) end as days_late
    from dated
    cross join {{ ref('int_as_of') }} as today
    inner join {{ ref('ref_provider') }} as providers
        on dated.provider = providers.provider
)

select * from final
