-- 费用台账余额: each valid policy's prevention fee over its whole life as of the knowledge date: contracted,
-- budgeted, provided, reversed, spent, what is left (AQ 9010-2019, 7.3; domain.md 5.4).
with

policies as (
    select * from {{ ref('fct_policy') }} where is_valid
),

changes as (
    select
        provider,
        policy_no,
        sum(received_change) as received_change
    from {{ ref('fct_endorsement') }}
    where not awaits_confirmation
    group by provider, policy_no
),

entries as (
    select
        policy_provider,
        policy_no,
        sum(case when type = '预算' then amount else 0 end) as budget,
        sum(case when type = '提取' then amount else 0 end) as provided_gross,
        sum(case when type = '冲回' then amount else 0 end) as reversed,
        sum(case when type = '支出' and is_proven then amount else 0 end) as spent,
        sum(case when type = '支出' and not is_proven then amount else 0 end) as spent_unproven,
        count(*) as entries
    from {{ ref('fct_fee_entry') }}
    where policy_no is not null and not awaits_confirmation
    group by policy_provider, policy_no
),

-- Pool entries name the policy they are for through their service; they are the pool's money, and stand beside.
from_pool as (
    select
        spent_policy_provider as policy_provider,
        spent_policy_no as policy_no,
        sum(amount) as amount
    from {{ ref('fct_fee_entry') }}
    where is_pool and type = '支出' and spent_policy_no is not null and not awaits_confirmation
    group by spent_policy_provider, spent_policy_no
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

summed as (
    select
        policies.jurisdiction,
        policies.district_code,
        policies.industry_code,
        policies.insurer_code,
        policies.insured_uscc,
        policies.provider,
        policies.policy_no,
        policies.inception_date,
        policies.cover_end,
        {{ yuan('policies.premium_received + coalesce(changes.received_change, 0)') }} as premium_received,
        policies.fee_ratio,
        {{ yuan(share_of('policies.premium_received + coalesce(changes.received_change, 0)', 'policies.fee_ratio')) }} as contracted,
        {{ yuan('coalesce(entries.budget, 0)') }} as budget,
        {{ yuan('coalesce(entries.provided_gross, 0)') }} as provided_gross,
        {{ yuan('coalesce(entries.reversed, 0)') }} as reversed,
        {{ yuan('coalesce(entries.provided_gross, 0) - coalesce(entries.reversed, 0)') }} as provided,
        {{ yuan('coalesce(entries.spent, 0)') }} as spent,
        {{ yuan('coalesce(entries.spent_unproven, 0)') }} as spent_unproven,
        {{ yuan('coalesce(entries.spent, 0) + coalesce(entries.spent_unproven, 0)') }} as spent_total,
        {{ yuan('coalesce(from_pool.amount, 0)') }} as spent_from_pool,
        cast(coalesce(entries.entries, 0) as bigint) as entries,
        as_of.as_of,
        policies.file_id,
        policies.sheet,
        policies.line_no
    from policies
    cross join as_of
    left join changes
        on policies.provider = changes.provider
        and policies.policy_no = changes.policy_no
    left join entries
        on policies.provider = entries.policy_provider
        and policies.policy_no = entries.policy_no
    left join from_pool
        on policies.provider = from_pool.policy_provider
        and policies.policy_no = from_pool.policy_no
),

final as (
    select
        jurisdiction,
        district_code,
        industry_code,
        insurer_code,
        insured_uscc,
        provider,
        policy_no,
        inception_date,
        cover_end,
        premium_received,
        fee_ratio,
        contracted,
        budget,
        provided_gross,
        reversed,
        provided,
        spent,
        spent_unproven,
        spent_total,
        spent_from_pool,
        {{ yuan('provided - spent_total') }} as balance,
        {{ ratio('spent_total', 'premium_received') }} as spent_share,
        entries,
        as_of,
        file_id,
        sheet,
        line_no
    from summed
)

select * from final
