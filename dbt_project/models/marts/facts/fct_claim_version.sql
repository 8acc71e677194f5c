-- 理赔各版本: every version of a claim that was ever known, from the day it was received until the next one came; its newest version
-- that is not a withdrawal says whose policy, district and field it is of. Claims that count nowhere (no valid policy, a follower's
-- copy, amounts to be confirmed) are not here. A withdrawn claim has no amount from that day on.
with

versions as (
    select
        *,
        row_number() over (
            partition by provider, claim_no, cast(received_at as date) order by {{ newest_first() }}
        ) as place_of_day,
        row_number() over (
            partition by provider, claim_no
            order by case when coalesce(record_status, '正常') = '撤销' then 1 else 0 end, {{ newest_first() }}
        ) as place
    from {{ staged('claim') }}
),

meant as (
    select
        versions.provider,
        versions.claim_no,
        versions.insured_uscc,
        versions.loss_date,
        policies.policy_no,
        policies.provider as policy_provider,
        policies.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code
    from versions
    left join {{ ref('int_shared_policy') }} as shared
        on versions.provider = shared.provider
        and versions.policy_no = shared.policy_no
    inner join {{ ref('fct_policy') }} as policies
        on coalesce(shared.policy_provider, versions.provider) = policies.provider
        and versions.policy_no = policies.policy_no
        and policies.is_valid
    left join {{ ref('fct_claim') }} as claims
        on versions.provider = claims.provider
        and versions.claim_no = claims.claim_no
    where versions.place = 1 and coalesce(claims.has_valid_policy, true) and not coalesce(claims.awaits_confirmation, false)
),

numbered as (
    select
        versions.*,
        case when coalesce(versions.record_status, '正常') = '撤销' then '撤销' else versions.status end as state,
        row_number() over (partition by versions.provider, versions.claim_no order by versions.received_at) as version_no,
        lead(cast(versions.received_at as date)) over (
            partition by versions.provider, versions.claim_no order by versions.received_at
        ) as next_on
    from versions
    where versions.place_of_day = 1
),

final as (
    select
        numbered.provider,
        numbered.claim_no,
        numbered.version_no,
        meant.policy_no,
        meant.policy_provider,
        meant.insured_uscc,
        meant.jurisdiction,
        meant.district_code,
        meant.industry_code,
        meant.insurer_code,
        meant.loss_date,
        cast(numbered.received_at as date) as known_from,
        {{ add_days('numbered.next_on', -1) }} as known_to,
        numbered.state as status,
        cast(case when numbered.state in ('撤销', '销案') then 0 else coalesce(numbered.paid_to_date, 0) end as decimal(18, 2)) as paid,
        cast(
            case
                when numbered.state in ('撤销', '销案') then 0
                when numbered.state <> '已结案' and numbered.estimate > coalesce(numbered.paid_to_date, 0) then numbered.estimate
                else coalesce(numbered.paid_to_date, 0)
            end as decimal(18, 2)
        ) as incurred,
        numbered.received_at,
        numbered.file_id,
        numbered.sheet,
        numbered.line_no
    from numbered
    inner join meant
        on numbered.provider = meant.provider
        and numbered.claim_no = meant.claim_no
)

select * from final
