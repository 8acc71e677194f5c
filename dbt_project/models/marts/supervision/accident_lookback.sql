-- 事故倒查: each accident with the cover of its day, the year's services before it, hazards open then, and its claim's
-- clocks (威应急发〔2023〕11号 三(二)2). Cover and visits are those of the accident's field and its insurer. The grade is worked out again (国务院令第493号 第三条): the highest of deaths,
-- serious injuries and direct loss.
with

districts as (
    select * from {{ ref('ref_district') }}
),

accidents as (
    select
        accidents.*,
        districts.jurisdiction,
        cast(accidents.occurred_at as date) as occurred_on
    from {{ ref('fct_accident') }} as accidents
    inner join districts
        on accidents.district_code = districts.district_code
),

graded as (
    select
        accidents.*,
        case
            when accidents.deaths >= {{ rule_value('grade_deaths_extraordinary', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
                or accidents.serious_injuries >= {{ rule_value('grade_injuries_extraordinary', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
                or accidents.direct_loss >= {{ rule_value('grade_loss_extraordinary', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }} then '特别重大'
            when accidents.deaths >= {{ rule_value('grade_deaths_major', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
                or accidents.serious_injuries >= {{ rule_value('grade_injuries_major', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
                or accidents.direct_loss >= {{ rule_value('grade_loss_major', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }} then '重大'
            when accidents.deaths >= {{ rule_value('grade_deaths_larger', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
                or accidents.serious_injuries >= {{ rule_value('grade_injuries_larger', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
                or accidents.direct_loss >= {{ rule_value('grade_loss_larger', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }} then '较大'
            else '一般'
        end as grade_computed
    from accidents
),

required as (
    select
        accidents.accident_id,
        max(roster.employees) as employees
    from accidents
    inner join {{ ref('fct_roster') }} as roster
        on accidents.uscc = roster.uscc
        and accidents.industry_code = roster.industry_code
        and accidents.occurred_on >= roster.listed_from
        and (roster.listed_to is null or accidents.occurred_on < roster.listed_to)
        and (roster.operating_status = '存续' or accidents.occurred_on < roster.status_date)
    where {{ counts_as_required('roster', is_mandatory('accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code')) }}
    group by accidents.accident_id
),

covers as (
    select
        accidents.accident_id,
        policies.provider,
        policies.policy_no,
        policies.insurer_code,
        policies.insured_persons,
        policies.limit_per_person,
        policies.limit_aggregate,
        row_number() over (
            partition by accidents.accident_id
            order by policies.inception_date desc, policies.policy_no, policies.provider
        ) as place
    from accidents
    inner join {{ ref('fct_policy') }} as policies
        on accidents.uscc = policies.insured_uscc
        and accidents.industry_code = policies.industry_code
        and accidents.occurred_on between policies.inception_date and policies.cover_end
    where policies.is_valid
),

-- 待核: whether the unit had cover that day is not known yet (trust.md 3).
pending as (
    select distinct accidents.accident_id
    from accidents
    inner join {{ ref('int_pending_cover') }} as covers_ended
        on accidents.uscc = covers_ended.insured_uscc
        and accidents.industry_code = covers_ended.industry_code
        and {{ is_pending_on('accidents.occurred_on', 'covers_ended') }}
),

-- Since when that insurer has covered the unit in the field, renewals in the time of looking back counted in.
since as (
    select
        accidents.accident_id,
        min(earlier.inception_date) as insured_since
    from accidents
    inner join covers
        on accidents.accident_id = covers.accident_id
        and covers.place = 1
    inner join {{ ref('fct_policy') }} as earlier
        on accidents.uscc = earlier.insured_uscc
        and accidents.industry_code = earlier.industry_code
        and covers.insurer_code = earlier.insurer_code
        and accidents.occurred_on >= earlier.inception_date
    where earlier.is_valid
        and {{ days_inclusive('earlier.cover_end', 'accidents.occurred_on') }} - 1
        <= {{ rule_value('lookback_days', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
    group by accidents.accident_id
),

-- The insurer's own visits, and those under its policy (a co-insurer's); of a unit without cover, anybody's.
services as (
    select
        accidents.accident_id,
        count(*) as services,
        max(services.finished_on) as last_service_on
    from accidents
    inner join {{ ref('fct_service') }} as services
        on accidents.uscc = services.insured_uscc
        and accidents.occurred_on > services.finished_on
    left join covers
        on accidents.accident_id = covers.accident_id
        and covers.place = 1
    where services.is_completed and services.has_valid_policy
        and (
            covers.policy_no is null
            or (services.insurer_code = covers.insurer_code and accidents.industry_code = services.industry_code)
            or (services.policy_provider = covers.provider and services.policy_no = covers.policy_no)
        )
        and {{ days_inclusive('services.finished_on', 'accidents.occurred_on') }} - 1
        <= {{ rule_value('lookback_days', 'accidents.occurred_on', 'accidents.jurisdiction', 'accidents.industry_code') }}
    group by accidents.accident_id
),

hazards as (
    select
        accidents.accident_id,
        count(*) as hazards,
        sum(case when hazards.grade = '重大' then 1 else 0 end) as major_hazards,
        sum(case when hazards.due_date < accidents.occurred_on then 1 else 0 end) as overdue_hazards
    from accidents
    inner join {{ ref('fct_hazard') }} as hazards
        on accidents.uscc = hazards.insured_uscc
        and accidents.occurred_on > hazards.found_date
        and (hazards.rechecked_on is null or accidents.occurred_on <= hazards.rechecked_on)
    group by accidents.accident_id
),

-- A claim names its accident, or it is one of the unit's for a loss of that day.
claims_of_accident as (
    select
        accidents.accident_id,
        claims.provider,
        claims.claim_no
    from accidents
    inner join {{ ref('fct_claim') }} as claims
        on accidents.accident_id = claims.accident_id

    union all

    select
        accidents.accident_id,
        claims.provider,
        claims.claim_no
    from accidents
    inner join {{ ref('fct_claim') }} as claims
        on accidents.uscc = claims.insured_uscc
        and accidents.occurred_on = claims.loss_date
    where claims.accident_id is null
),

claims as (
    select
        claims_of_accident.accident_id,
        min(claims.claim_no) as claim_no,
        min_by(claims.provider, claims.claim_no || ' ' || claims.provider) as provider,
        min(claims.report_date) as report_date,
        min(claims.decide_date) as decide_date,
        min(claims.paid_date) as paid_date,
        sum(claims.paid_to_date) as paid_to_date
    from claims_of_accident
    inner join {{ ref('fct_claim') }} as claims
        on claims_of_accident.provider = claims.provider
        and claims_of_accident.claim_no = claims.claim_no
    where claims.status <> '销案' and claims.leader_claim_no is null
    group by claims_of_accident.accident_id
),

clocks as (
    select
        claims.accident_id,
        max(case when not clocks.is_on_time then 1 else 0 end) as is_late
    from claims
    inner join {{ ref('claim_timeliness') }} as clocks
        on claims.provider = clocks.provider
        and claims.claim_no = clocks.claim_no
    group by claims.accident_id
),

fines as (
    select
        accident_id,
        sum(case when target_type = '承保机构' then 0 else 1 end) as cases,
        sum(case when target_type = '承保机构' then 1 else 0 end) as insurer_sanctions
    from (
        {%- for cases_of in [
            'accidents.uscc = cases.uscc and accidents.occurred_on <= cases.decided_on', 'accidents.accident_id = cases.accident_id'
        ] %}
        select
            accidents.accident_id,
            cases.provider,
            cases.case_no,
            cases.target_type
        from accidents
        inner join {{ ref('fct_enforcement') }} as cases
            on {{ cases_of }}
        {{ 'union' if not loop.last }}
        {%- endfor %}
    ) as pursued
    group by accident_id
),

joined as (
    select
        graded.jurisdiction,
        graded.district_code,
        graded.industry_code,
        graded.accident_id,
        graded.uscc,
        units.name as unit_name,
        graded.occurred_on,
        graded.type,
        graded.scene,
        graded.deaths,
        graded.serious_injuries,
        graded.direct_loss,
        graded.grade as grade_reported,
        graded.grade_computed,
        graded.grade is not null and graded.grade <> graded.grade_computed as is_grade_mismatch,
        graded.liability as is_liable,
        required.accident_id is not null as is_required,
        covers.policy_no is not null as is_insured,
        covers.policy_no is null and pending.accident_id is not null as is_pending,
        covers.policy_no,
        covers.provider as policy_provider,
        covers.insurer_code,
        required.employees,
        covers.insured_persons,
        covers.limit_per_person,
        covers.limit_aggregate,
        cast({{ days_inclusive('since.insured_since', 'graded.occurred_on') }} - 1 as integer) as insured_days,
        cast({{ rule_value('lookback_days', 'graded.occurred_on', 'graded.jurisdiction', 'graded.industry_code') }} as integer) as lookback_days,
        cast(coalesce(services.services, 0) as bigint) as services_before,
        services.last_service_on,
        cast(coalesce(hazards.hazards, 0) as bigint) as open_hazards,
        cast(coalesce(hazards.major_hazards, 0) as bigint) as open_major_hazards,
        cast(coalesce(hazards.overdue_hazards, 0) as bigint) as overdue_hazards,
        claims.claim_no,
        claims.provider as claim_provider,
        claims.report_date,
        claims.decide_date,
        claims.paid_date,
        claims.paid_to_date,
        coalesce(clocks.is_late, 0) = 1 as is_claim_late,
        cast(coalesce(fines.cases, 0) as bigint) as enforcement_cases,
        cast(coalesce(fines.insurer_sanctions, 0) as bigint) as insurer_sanctions,
        graded.file_id,
        graded.sheet,
        graded.line_no
    from graded
    left join {{ ref('dim_unit') }} as units
        on graded.uscc = units.uscc
    left join required
        on graded.accident_id = required.accident_id
    left join covers
        on graded.accident_id = covers.accident_id
        and covers.place = 1
    left join pending
        on graded.accident_id = pending.accident_id
    left join since
        on graded.accident_id = since.accident_id
    left join services
        on graded.accident_id = services.accident_id
    left join hazards
        on graded.accident_id = hazards.accident_id
    left join claims
        on graded.accident_id = claims.accident_id
    left join clocks
        on graded.accident_id = clocks.accident_id
    left join fines
        on graded.accident_id = fines.accident_id
),

judged as (
    select
        *,
        -- Not right after inception: the insurer has some days to come (trust.md 7).
        is_insured and services_before = 0
        and insured_days > {{ finding_threshold('accident_unserved', 'joined.occurred_on', 'joined.jurisdiction', 'joined.industry_code') }} as is_unserved
    from joined
),

final as (
    select
        *,
        case
            when is_required and is_pending then '是否参保待核'
            when is_required and not is_insured then '单位应保未保'
            when is_insured and insured_persons < employees then '单位未全员投保'
        end as unit_failure,
        case
            when is_unserved then '承保机构一年内未服务'
            when is_insured and is_claim_late then '承保机构理赔超期'
        end as insurer_failure,
        case
            when open_major_hazards > 0 then '重大隐患未销号'
            when overdue_hazards > 0 then '隐患逾期未销号'
        end as hazard_failure
    from judged
)

select * from final
