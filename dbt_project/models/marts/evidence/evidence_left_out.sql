{{ config(materialized='view') }}
-- Records that count in no metric of the period they belong to, with the reason: what `anze explain` shows
-- beside the records that count. Quarantined rows are in quality.quarantine: their values cannot be trusted.
with

periods as (
    select * from {{ ref('int_period') }}
),

policies as (
    select * from {{ ref('fct_policy') }}
),

fee_entries as (
    select * from {{ ref('fct_fee_entry') }}
),

roster as (
    select * from {{ ref('fct_roster') }}
),

-- What each feed leaves out, with the day that decides its year.
records as (
    select
        'policy' as feed,
        provider,
        policy_no as record_key,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider as policy_provider,
        policy_no,
        inception_date as day,
        coalesce(invalid_reason, '金额待核实，保费暂不计入') as reason,
        file_id,
        sheet,
        line_no
    from policies
    where not is_valid or awaits_confirmation

    union all

    select
        'endorsement' as feed,
        endorsements.provider,
        endorsements.endorsement_no as record_key,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.provider as policy_provider,
        endorsements.policy_no,
        endorsements.effective_date as day,
        '保单无效：' || policies.invalid_reason as reason,
        endorsements.file_id,
        endorsements.sheet,
        endorsements.line_no
    from {{ ref('fct_endorsement') }} as endorsements
    inner join policies
        on endorsements.provider = policies.provider
        and endorsements.policy_no = policies.policy_no
    where not policies.is_valid

    union all

    select
        'claim' as feed,
        claims.provider,
        claims.claim_no as record_key,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        claims.insured_uscc,
        policies.provider as policy_provider,
        claims.policy_no,
        claims.loss_date as day,
        case
            when claims.status = '销案' then '案件已销案'
            when claims.awaits_confirmation and policies.is_valid then '金额待核实'
            when claims.leader_claim_no is not null then '首席机构已报同一案件（' || claims.leader_claim_no || '）'
            else '保单无效：' || policies.invalid_reason
        end as reason,
        claims.file_id,
        claims.sheet,
        claims.line_no
    from {{ ref('fct_claim') }} as claims
    inner join policies
        on claims.policy_provider = policies.provider
        and claims.policy_no = policies.policy_no
    where not claims.has_valid_policy or claims.awaits_confirmation or claims.status = '销案'

    union all

    select
        'service_record' as feed,
        services.provider,
        services.service_no as record_key,
        services.district_code,
        services.industry_code,
        services.insurer_code,
        services.insured_uscc,
        policies.provider as policy_provider,
        services.policy_no,
        coalesce(services.finished_on, services.planned_date, cast(services.received_at as date)) as day,
        case
            when services.is_of_another_unit then '服务对象不是保单的被保险单位'
            when services.is_completed then '保单无效：' || policies.invalid_reason
            when services.status = '已完成' then '服务已完成但缺投保单位或保险机构确认'
            else '服务状态为' || services.status
        end as reason,
        services.file_id,
        services.sheet,
        services.line_no
    from {{ ref('fct_service') }} as services
    inner join policies
        on services.policy_provider = policies.provider
        and services.policy_no = policies.policy_no
    where not services.is_completed or not services.has_valid_policy

    union all

    select
        'fee_ledger' as feed,
        fee_entries.provider,
        fee_entries.entry_no as record_key,
        fee_entries.district_code,
        fee_entries.industry_code,
        fee_entries.insurer_code,
        policies.insured_uscc,
        policies.provider as policy_provider,
        fee_entries.policy_no,
        fee_entries.entry_date as day,
        case
            when fee_entries.awaits_confirmation then '金额待核实'
            when policies.is_valid then '预算不计入提取和支出'
            else '保单无效：' || policies.invalid_reason
        end as reason,
        fee_entries.file_id,
        fee_entries.sheet,
        fee_entries.line_no
    from fee_entries
    inner join policies
        on fee_entries.policy_provider = policies.provider
        and fee_entries.policy_no = policies.policy_no
    where not fee_entries.counts or fee_entries.type = '预算'

    union all

    {% for feed, day in [
        ('endorsement', 'effective_date'),
        ('claim', 'loss_date'),
        ('service_record', 'coalesce(cast(versions.finished_at as date), versions.planned_date, cast(versions.received_at as date))'),
        ('fee_ledger', 'entry_date'),
    ] -%}
    select
        '{{ feed }}' as feed,
        versions.provider,
        versions.{{ feed_of(feed).key[0] }} as record_key,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.provider as policy_provider,
        versions.policy_no,
        {{ day }} as day,
        versions.reason,
        versions.file_id,
        versions.sheet,
        versions.line_no
    from ({{ other_versions(feed) }}) as versions
    left join {{ ref('int_shared_policy') }} as shared
        on versions.provider = shared.provider
        and versions.policy_no = shared.policy_no
    inner join policies
        on coalesce(shared.policy_provider, versions.provider) = policies.provider
        and versions.policy_no = policies.policy_no

    union all
    {% endfor %}
    select
        'policy' as feed,
        provider,
        policy_no as record_key,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider as policy_provider,
        policy_no,
        inception_date as day,
        reason,
        file_id,
        sheet,
        line_no
    from ({{ other_versions('policy') }}) as versions
),

placed as (
    select
        districts.jurisdiction,
        {{ year_of('records.day') }} as stat_year,
        records.feed,
        records.provider,
        records.record_key,
        records.district_code,
        records.industry_code,
        records.insurer_code,
        records.insured_uscc,
        records.policy_provider,
        records.policy_no,
        records.reason,
        records.file_id,
        records.sheet,
        records.line_no
    from records
    inner join {{ ref('ref_district') }} as districts
        on records.district_code = districts.district_code

    union all

    select
        periods.jurisdiction,
        periods.stat_year,
        'enterprise' as feed,
        roster.provider,
        roster.uscc || '|' || roster.industry_code as record_key,
        roster.district_code,
        roster.industry_code,
        cast(null as string) as insurer_code,
        roster.uscc as insured_uscc,
        cast(null as string) as policy_provider,
        cast(null as string) as policy_no,
        case
            when not roster.mandatory then '非应保（自愿）'
            when roster.listed_from > periods.period_end then '期末尚未列入名录'
            when roster.listed_to <= periods.period_end then '期末前已移出名录'
            else '经营状态为' || roster.operating_status
        end as reason,
        roster.file_id,
        roster.sheet,
        roster.line_no
    from roster
    inner join periods
        on roster.jurisdiction = periods.jurisdiction
    left join {{ ref('evidence_participation') }} as required
        on periods.stat_year = required.stat_year
        and roster.uscc = required.uscc
        and roster.industry_code = required.industry_code
    where required.uscc is null
)

select * from placed
