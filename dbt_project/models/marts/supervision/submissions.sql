-- 报送期限与到件: what each department or district bureau owes by when (ref_deadline), and when the document
-- first came. A row of the calendar that names a year overrides the yearly rule for that year.
with

cities as (
    select * from {{ ref('ref_jurisdiction') }}
),

calendar as (
    select
        cities.jurisdiction,
        deadlines.obligation_code,
        deadlines.name,
        deadlines.stage,
        deadlines.sender_kind,
        deadlines.document_kind,
        deadlines.stat_year,
        deadlines.due_month,
        deadlines.due_day,
        deadlines.valid_from_year,
        deadlines.source_doc,
        deadlines.article,
        case when deadlines.jurisdiction is null then 0 else 2 end + case when deadlines.is_home then 1 else 0 end as is_own
    from {{ ref('ref_deadline') }} as deadlines
    inner join cities
        on deadlines.jurisdiction is null or deadlines.jurisdiction = cities.jurisdiction
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

years as (
    select distinct {{ year_of('day') }} as stat_year from {{ ref('dim_date') }}
),

candidates as (
    select
        yearly.jurisdiction,
        yearly.obligation_code,
        yearly.name,
        yearly.stage,
        yearly.sender_kind,
        yearly.document_kind,
        years.stat_year,
        make_date(
            years.stat_year,
            coalesce(overrides.due_month, yearly.due_month),
            coalesce(overrides.due_day, yearly.due_day)
        ) as due_date,
        coalesce(overrides.source_doc, yearly.source_doc) || ' ' || coalesce(overrides.article, yearly.article) as clause,
        row_number() over (
            partition by yearly.jurisdiction, yearly.obligation_code, yearly.sender_kind, years.stat_year
            order by yearly.is_own desc, yearly.valid_from_year desc, overrides.is_own desc
        ) as place
    from calendar as yearly
    inner join years
        on yearly.valid_from_year <= years.stat_year
    left join calendar as overrides
        on yearly.jurisdiction = overrides.jurisdiction
        and yearly.obligation_code = overrides.obligation_code
        and yearly.sender_kind = overrides.sender_kind
        and years.stat_year = overrides.stat_year
    where yearly.stat_year is null
),

rules as (
    select * from candidates where place = 1
),

documents as (
    select
        provider,
        kind,
        year as stat_year,
        min(cast(received_at as date)) as received_on,
        count(distinct doc_no) as documents
    from {{ ref('stg_department__document') }}
    where coalesce(record_status, '正常') <> '撤销'
    group by provider, kind, year
),

final as (
    select
        rules.jurisdiction,
        rules.stat_year,
        rules.obligation_code,
        rules.name,
        rules.stage,
        providers.provider,
        providers.name as provider_name,
        providers.kind as sender_kind,
        providers.district_code,
        providers.industry_code,
        rules.document_kind,
        rules.due_date,
        dates.working_day_no as due_working_day_no,
        documents.received_on,
        cast(coalesce(documents.documents, 0) as integer) as documents,
        case
            when documents.received_on <= rules.due_date then '按时'
            when documents.received_on is not null then '迟报'
            when rules.due_date < as_of.as_of then '逾期未报'
            else '待报'
        end as status,
        case
            when documents.received_on > rules.due_date then {{ days_inclusive('rules.due_date', 'documents.received_on') }} - 1
            when documents.received_on is null and rules.due_date < as_of.as_of
                then {{ days_inclusive('rules.due_date', 'as_of.as_of') }} - 1
        end as days_late,
        rules.clause
    from rules
    cross join as_of
    inner join {{ ref('ref_provider') }} as providers
        on rules.jurisdiction = providers.jurisdiction
        and rules.sender_kind = providers.kind
    left join {{ ref('dim_date') }} as dates
        on rules.due_date = dates.day
    left join documents
        on providers.provider = documents.provider
        and rules.document_kind = documents.kind
        and rules.stat_year = documents.stat_year
    where rules.stat_year <= {{ year_of('as_of.as_of') }}
)

select * from final
