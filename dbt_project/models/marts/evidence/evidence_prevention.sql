-- 事故与赔案 on insured days, and whether a completed service of the unit in that field lay at most a year back: the events counted in
-- prevention_effect, at the grain of the record.
with

events as (
    select
        '赔案' as kind,
        'claim' as feed,
        claims.provider,
        claims.claim_no as record_key,
        claims.insured_uscc as uscc,
        claims.industry_code,
        claims.loss_date as happened_on,
        claims.deaths,
        claims.paid_to_date as paid,
        claims.file_id,
        claims.sheet,
        claims.line_no
    from {{ ref('fct_claim') }} as claims
    where claims.has_valid_policy and claims.status <> '销案' and not claims.awaits_confirmation

    union all

    select
        '事故' as kind,
        'accident' as feed,
        accidents.provider,
        accidents.accident_id as record_key,
        accidents.uscc,
        accidents.industry_code,
        cast(accidents.occurred_at as date) as happened_on,
        accidents.deaths,
        cast(null as decimal(18, 2)) as paid,
        accidents.file_id,
        accidents.sheet,
        accidents.line_no
    from {{ ref('fct_accident') }} as accidents
),

visits as (
    select distinct
        insured_uscc,
        industry_code,
        finished_on
    from {{ ref('fct_service') }}
    where is_completed and has_valid_policy
),

final as (
    select
        units.jurisdiction,
        {{ year_of('events.happened_on') }} as stat_year,
        units.district_code,
        events.industry_code,
        events.uscc as insured_uscc,
        events.kind,
        events.feed,
        events.provider,
        events.record_key,
        events.happened_on,
        max(visits.finished_on) as last_service_on,
        count(visits.finished_on) > 0 as is_served,
        events.deaths,
        events.paid,
        events.file_id,
        events.sheet,
        events.line_no
    from events
    inner join {{ ref('int_cover_island') }} as covers
        on events.uscc = covers.insured_uscc
        and events.industry_code = covers.industry_code
        and events.happened_on between covers.starts_on and covers.ends_on
    inner join {{ ref('dim_unit') }} as units
        on events.uscc = units.uscc
    cross join {{ ref('int_as_of') }} as today
    left join visits
        on events.uscc = visits.insured_uscc
        and events.industry_code = visits.industry_code
        and events.happened_on between visits.finished_on and {{ add_days('visits.finished_on', 364) }}
    where events.happened_on <= today.as_of
    group by
        units.jurisdiction, events.happened_on, units.district_code, events.industry_code, events.uscc, events.kind, events.feed,
        events.provider, events.record_key, events.deaths, events.paid, events.file_id, events.sheet, events.line_no
)

select * from final
