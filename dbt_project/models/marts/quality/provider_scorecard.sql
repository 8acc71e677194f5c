-- Data quality per sender, feed and month of receipt; a month in which something was due and nothing came has its row too. Each part
-- is a share (of rows; coverage: of the periods due; control: of the rows declared); the score is their weighted mean over the
-- parts that apply, weights from ref_rule (score_weight_*).
with

files as (
    select
        *,
        date_trunc('month', received_at) as month
    from {{ ref('stg_quality__files') }}
    where is_known and provider <> {{ home_sender() }}
),

received as (
    select
        provider,
        feed,
        month,
        count(*) as files,
        sum(case when status = 'refused' then 1 else 0 end) as files_refused,
        sum(rows_in) as rows_in,
        sum(rows_accepted) as rows_accepted,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_duplicate) as rows_duplicate
    from files
    group by provider, feed, month
),

due as (
    select
        provider,
        feed,
        date_trunc('month', due) as month,
        count(*) as periods_due,
        sum(case when is_on_time then 1 else 0 end) as periods_on_time
    from {{ ref('int_due') }}
    group by provider, feed, date_trunc('month', due)
),

declared as (
    select
        provider,
        feed,
        date_trunc('month', received_at) as month,
        count(*) as periods_declared,
        sum(case when differs then 1 else 0 end) as periods_differing,
        sum(least(declared_rows, loaded_rows)) as rows_agreed,
        sum(greatest(declared_rows, loaded_rows)) as rows_declared
    from {{ ref('declarations') }}
    group by provider, feed, date_trunc('month', received_at)
),

counted as (
    select
        provider,
        feed,
        month,
        sum(files) as files,
        sum(files_refused) as files_refused,
        sum(rows_in) as rows_in,
        sum(rows_accepted) as rows_accepted,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_duplicate) as rows_duplicate,
        sum(periods_due) as periods_due,
        sum(periods_on_time) as periods_on_time
    from (
        select
            *,
            0 as periods_due,
            0 as periods_on_time
        from received
        union all
        select
            provider,
            feed,
            month,
            0 as files,
            0 as files_refused,
            0 as rows_in,
            0 as rows_accepted,
            0 as rows_quarantined,
            0 as rows_duplicate,
            periods_due,
            periods_on_time
        from due
    ) as told
    group by provider, feed, month
),

incomplete as (
    select
        issues.provider,
        issues.feed,
        date_trunc('month', issues.received_at) as month,
        sum(rows_missing) as rows_missing
    from (
        select
            provider,
            feed,
            received_at,
            file_id,
            count(distinct coalesce(sheet, '') || '|' || cast(line_no as string)) as rows_missing
        from {{ ref('stg_quality__issues') }}
        where rule_code = 'missing_value'
        group by provider, feed, received_at, file_id
    ) as issues
    group by issues.provider, issues.feed, date_trunc('month', issues.received_at)
),

events as (
    select provider, 'policy' as feed, received_at, issue_date as happened from {{ ref('stg_insurer__policy') }}
    union all
    select provider, 'endorsement' as feed, received_at, effective_date as happened from {{ ref('stg_insurer__endorsement') }}
    union all
    select provider, 'claim' as feed, received_at, report_date as happened from {{ ref('stg_insurer__claim') }}
    union all
    select provider, 'service_record' as feed, received_at, cast(finished_at as date) as happened
    from {{ ref('stg_insurer__service_record') }}
    union all
    select provider, 'fee_ledger' as feed, received_at, entry_date as happened from {{ ref('stg_insurer__fee_ledger') }}
    union all
    select provider, 'hazard' as feed, received_at, found_date as happened from {{ ref('stg_insurer__hazard') }}
),

timely as (
    select
        provider,
        feed,
        date_trunc('month', received_at) as month,
        count(*) as rows_dated,
        sum(
            case
                when {{ days_inclusive('happened', 'cast(received_at as date)') }}
                    <= {{ rule_value('late_after_days', 'cast(received_at as date)') }}
                    then 1
                else 0
            end
        ) as rows_on_time
    from events
    where happened is not null
    group by provider, feed, date_trunc('month', received_at)
),

contradicted as (
    select
        findings.provider,
        findings.feed,
        files.month,
        count(distinct findings.record_key) as rows_contradicted
    from {{ ref('cross_feed_findings') }} as findings
    inner join files
        on findings.file_id = files.file_id
    group by findings.provider, findings.feed, files.month
),

parts as (
    select
        counted.*,
        coalesce(incomplete.rows_missing, 0) as rows_missing,
        timely.rows_dated,
        timely.rows_on_time,
        coalesce(contradicted.rows_contradicted, 0) as rows_contradicted,
        {{ ratio('counted.rows_in - counted.rows_quarantined', 'counted.rows_in') }} as validity,
        {{ ratio('counted.rows_in - coalesce(incomplete.rows_missing, 0)', 'counted.rows_in') }} as completeness,
        {{ ratio('timely.rows_on_time', 'timely.rows_dated') }} as timeliness,
        {{ ratio('greatest(counted.rows_accepted - coalesce(contradicted.rows_contradicted, 0), 0)', 'counted.rows_accepted') }}
            as consistency,
        {{ ratio('counted.periods_on_time', 'counted.periods_due') }} as coverage,
        coalesce(declared.periods_declared, 0) as periods_declared,
        coalesce(declared.periods_differing, 0) as periods_differing,
        -- Nothing declared and nothing come agree.
        case
            when declared.rows_declared = 0 then 1.0
            else {{ ratio('declared.rows_agreed', 'declared.rows_declared') }}
        end as control
    from counted
    left join incomplete
        on counted.provider = incomplete.provider
        and counted.feed = incomplete.feed
        and counted.month = incomplete.month
    left join timely
        on counted.provider = timely.provider
        and counted.feed = timely.feed
        and counted.month = timely.month
    left join declared
        on counted.provider = declared.provider
        and counted.feed = declared.feed
        and counted.month = declared.month
    left join contradicted
        on counted.provider = contradicted.provider
        and counted.feed = contradicted.feed
        and counted.month = contradicted.month
),

{% set scored = ['validity', 'completeness', 'timeliness', 'consistency', 'coverage', 'control'] -%}
weights as (
    select
        month
        {%- for part in scored %},
        cast({{ rule_value('score_weight_' ~ part, 'cast(month as date)') }} as double) as {{ part }}
        {%- endfor %}
    from (select distinct month from counted) as months
),

final as (
    select
        parts.provider,
        parts.feed,
        cast(parts.month as date) as month,
        cast(parts.files as bigint) as files,
        cast(parts.files_refused as bigint) as files_refused,
        cast(parts.rows_in as bigint) as rows_in,
        cast(parts.rows_accepted as bigint) as rows_accepted,
        cast(parts.rows_quarantined as bigint) as rows_quarantined,
        cast(parts.rows_duplicate as bigint) as rows_duplicate,
        cast(parts.rows_missing as bigint) as rows_missing,
        cast(coalesce(parts.rows_on_time, 0) as bigint) as rows_on_time,
        cast(coalesce(parts.rows_dated, 0) as bigint) as rows_dated,
        cast(parts.rows_contradicted as bigint) as rows_contradicted,
        parts.validity,
        parts.completeness,
        parts.timeliness,
        parts.consistency,
        cast(parts.periods_due as bigint) as periods_due,
        cast(parts.periods_on_time as bigint) as periods_on_time,
        cast(parts.periods_declared as bigint) as periods_declared,
        cast(parts.periods_differing as bigint) as periods_differing,
        parts.coverage,
        parts.control,
        (
            {%- for part in scored %}
            coalesce(parts.{{ part }} * weights.{{ part }}, 0)
            {{- ' +' if not loop.last }}
            {%- endfor %}
        ) / nullif(
            {%- for part in scored %}
            case when parts.{{ part }} is null then 0 else weights.{{ part }} end
            {{- ' +' if not loop.last }}
            {%- endfor %}, 0
        ) as score
    from parts
    inner join weights
        on parts.month = weights.month
)

select * from final
