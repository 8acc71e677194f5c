-- 报送期限与到件: what each department or district bureau owes by when (ref_deadline), and when the document first came. A row of the
-- calendar that names a year overrides the yearly rule for that year; a duty ends with its last year (one-off ones with their only one).
-- A document that was withdrawn has not been received; sent again later, it came later.
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
        deadlines.valid_to_year,
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
        and (yearly.valid_to_year is null or yearly.valid_to_year >= years.stat_year)
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

withdrawals as (
    select
        provider,
        doc_no,
        max(received_at) as withdrawn_at
    from {{ ref('stg_department__document') }}
    where record_status = '撤销'
    group by provider, doc_no
),

-- When each document that stands first came, since it was last withdrawn.
came as (
    select
        standing.provider,
        standing.kind,
        standing.year as stat_year,
        standing.doc_no,
        min(cast(versions.received_at as date)) as received_on
    from {{ ref('fct_document') }} as standing
    inner join {{ ref('stg_department__document') }} as versions
        on standing.provider = versions.provider
        and standing.doc_no = versions.doc_no
    left join withdrawals
        on standing.provider = withdrawals.provider
        and standing.doc_no = withdrawals.doc_no
    where coalesce(versions.record_status, '正常') <> '撤销'
        and (withdrawals.withdrawn_at is null or versions.received_at >= withdrawals.withdrawn_at)
    group by standing.provider, standing.kind, standing.year, standing.doc_no
),

owed as (
    select
        rules.*,
        providers.provider,
        providers.name as provider_name,
        providers.kind as provider_kind,
        providers.district_code,
        providers.industry_code
    from rules
    inner join {{ ref('ref_provider') }} as providers
        on rules.jurisdiction = providers.jurisdiction
        and rules.sender_kind = providers.kind
),

documents as (
    select
        owed.provider,
        owed.obligation_code,
        owed.stat_year,
        min(came.received_on) as received_on,
        count(*) as documents,
        sum(case when came.received_on > owed.due_date then 1 else 0 end) as documents_late
    from owed
    inner join came
        on owed.provider = came.provider
        and owed.document_kind = came.kind
        and owed.stat_year = came.stat_year
    group by owed.provider, owed.obligation_code, owed.stat_year
),

final as (
    select
        owed.jurisdiction,
        owed.stat_year,
        owed.obligation_code,
        owed.name,
        owed.stage,
        owed.provider,
        owed.provider_name,
        owed.provider_kind as sender_kind,
        owed.district_code,
        owed.industry_code,
        owed.document_kind,
        owed.due_date,
        dates.working_day_no as due_working_day_no,
        documents.received_on,
        cast(coalesce(documents.documents, 0) as integer) as documents,
        cast(coalesce(documents.documents_late, 0) as integer) as documents_late,
        case
            when documents.received_on <= owed.due_date then '按时'
            when documents.received_on is not null then '迟报'
            when owed.due_date < as_of.as_of then '逾期未报'
            else '待报'
        end as status,
        case
            when documents.received_on > owed.due_date then {{ days_inclusive('owed.due_date', 'documents.received_on') }} - 1
            when documents.received_on is null and owed.due_date < as_of.as_of
                then {{ days_inclusive('owed.due_date', 'as_of.as_of') }} - 1
        end as days_late,
        owed.clause
    from owed
    cross join as_of
    left join {{ ref('dim_date') }} as dates
        on owed.due_date = dates.day
    left join documents
        on owed.provider = documents.provider
        and owed.obligation_code = documents.obligation_code
        and owed.stat_year = documents.stat_year
    where owed.stat_year <= {{ year_of('as_of.as_of') }}
)

select * from final
