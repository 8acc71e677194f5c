-- 名录维护: of each department's roster how much there is, how fresh it is and what moved in the last year (威应急发〔2023〕11号 二(二)、四(四)).
-- A row is old when its department has said nothing of it for longer than rule roster_row_old_days.
with

today as (
    select * from {{ ref('int_as_of') }}
),

words as (
    select
        versions.*,
        row_number() over (
            partition by versions.provider, versions.uscc, versions.industry_code order by {{ newest_first() }}
        ) as place
    from {{ staged('enterprise') }} as versions
),

listed as (
    select
        words.provider,
        count(*) as units,
        sum(case when words.mandatory then 1 else 0 end) as required_units,
        sum(case when not words.mandatory and words.exempt_reason is not null then 1 else 0 end) as exempt_units,
        sum(case when not words.mandatory and words.exempt_reason is null then 1 else 0 end) as not_required_units,
        sum(
            case
                when {{ days_inclusive('cast(words.received_at as date)', 'today.as_of') }} - 1
                    > {{ rule_value('roster_row_old_days', 'today.as_of', 'districts.jurisdiction', 'words.industry_code') }}
                    then 1
                else 0
            end
        ) as old_units,
        min(cast(words.received_at as date)) as oldest_word
    from words
    cross join today
    inner join {{ ref('ref_district') }} as districts
        on words.district_code = districts.district_code
    where words.place = 1 and coalesce(words.record_status, '正常') <> '撤销'
        and words.listed_from <= today.as_of and (words.listed_to is null or words.listed_to > today.as_of)
    group by words.provider
),

changes as (
    select
        changes.provider,
        sum(case when changes.change = '新增' then 1 else 0 end) as added,
        sum(case when changes.change in ('移出', '撤销') then 1 else 0 end) as removed,
        sum(case when changes.change = '变更' then 1 else 0 end) as changed
    from {{ ref('roster_changes') }} as changes
    cross join today
    where {{ days_inclusive('cast(changes.received_at as date)', 'today.as_of') }} - 1 <= 365
    group by changes.provider
),

contradicted as (
    select
        provider,
        count(*) as contradicted_units
    from {{ ref('roster_contradictions') }}
    group by provider
),

final as (
    select
        reaches.jurisdiction,
        reaches.provider,
        providers.name as provider_name,
        providers.district_code,
        providers.industry_code,
        reaches.last_received,
        reaches.covers_to,
        reaches.due,
        reaches.days_late,
        cast(coalesce(listed.units, 0) as bigint) as units,
        cast(coalesce(listed.required_units, 0) as bigint) as required_units,
        cast(coalesce(listed.exempt_units, 0) as bigint) as exempt_units,
        cast(coalesce(listed.not_required_units, 0) as bigint) as not_required_units,
        cast(coalesce(listed.old_units, 0) as bigint) as old_units,
        listed.oldest_word,
        cast(coalesce(changes.added, 0) as bigint) as added_units,
        cast(coalesce(changes.removed, 0) as bigint) as removed_units,
        cast(coalesce(changes.changed, 0) as bigint) as changed_units,
        cast(coalesce(contradicted.contradicted_units, 0) as bigint) as contradicted_units,
        today.as_of
    from {{ ref('int_coverage') }} as reaches
    cross join today
    inner join {{ ref('ref_provider') }} as providers
        on reaches.provider = providers.provider
    left join listed
        on reaches.provider = listed.provider
    left join changes
        on reaches.provider = changes.provider
    left join contradicted
        on reaches.provider = contradicted.provider
    where reaches.feed = 'enterprise'
)

select * from final
