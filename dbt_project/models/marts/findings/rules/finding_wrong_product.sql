-- 错保: a unit that must insure has a product that does not count as 安责险, and no 安责险 of the field now, or when that policy ended
-- (应急〔2025〕27号 第五条; trust.md 7). Only of units that the roster required then, and of which it is known that they have none (待核
-- says nothing). A void policy insures nothing and replaces nothing.
with

others as (
    select
        policies.*,
        days.as_of,
        least(days.as_of, policies.cover_end) as judged_on
    from {{ ref('fct_policy') }} as policies
    cross join {{ ref('int_as_of') }} as days
    where policies.invalid_reason = '险种不属安责险' and policies.status <> '注销' and policies.inception_date <= days.as_of
        and policies.cover_end >= policies.inception_date
)

select
    {{ finding(
        'wrong_product', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no", value_1='coalesce(products.name, policies.product_code)',
        amount="policies.premium_received", subject_type='生产经营单位', subject="policies.insured_uscc",
        is_past='policies.cover_end < policies.as_of'
    ) }}
from others as policies
inner join {{ ref('fct_roster') }} as roster
    on policies.insured_uscc = roster.uscc
    and policies.industry_code = roster.industry_code
    and {{ is_on_roster('roster', 'policies.judged_on') }}
left join {{ ref('ref_product') }} as products
    on policies.product_code = products.product_code
where {{ counts_as_required('roster', is_mandatory('policies.judged_on', 'policies.jurisdiction', 'policies.industry_code')) }}
    and not exists (
        select 1 from {{ ref('fct_policy') }} as covers
        where policies.insured_uscc = covers.insured_uscc
            and policies.industry_code = covers.industry_code
            and covers.is_valid
            and policies.judged_on between covers.inception_date and covers.cover_end
    )
    and not exists (
        select 1 from {{ ref('int_pending_cover') }} as pending
        where policies.insured_uscc = pending.insured_uscc
            and policies.industry_code = pending.industry_code
            and {{ is_pending_on('policies.judged_on', 'pending') }}
    )
