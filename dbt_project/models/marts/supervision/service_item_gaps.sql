-- 服务项目差距: items that a policy's contract names and no completed visit has covered by now; one row per policy and item
-- (威应急发〔2023〕11号 四(二): form, items, frequency). Policies of the current year's gaps list and ended ones alike.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

agreed as (
    select
        policies.*,
        items.item_code
    from {{ ref('fct_policy') }} as policies
    inner join {{ ref('int_agreed_item') }} as items
        on policies.service_items = items.service_items
    cross join as_of
    where policies.is_valid and policies.inception_date <= as_of.as_of
),

delivered as (
    select distinct
        policy_provider,
        policy_no,
        item
    from {{ ref('fct_service') }}
    where is_completed
),

final as (
    select
        agreed.jurisdiction,
        {{ year_of('agreed.inception_date') }} as stat_year,
        agreed.district_code,
        agreed.industry_code,
        agreed.insurer_code,
        agreed.insured_uscc,
        agreed.provider,
        agreed.policy_no,
        agreed.item_code,
        items.name as item_name,
        agreed.service_items,
        agreed.cover_end,
        agreed.cover_end < as_of.as_of as is_over,
        {{ ratio(
            'least(' ~ days_inclusive('agreed.inception_date', 'as_of.as_of') ~ ', ' ~ days_inclusive('agreed.inception_date', 'agreed.expiry_date') ~ ')',
            days_inclusive('agreed.inception_date', 'agreed.expiry_date')
        ) }} as elapsed_share,
        as_of.as_of,
        agreed.file_id,
        agreed.sheet,
        agreed.line_no
    from agreed
    cross join as_of
    inner join {{ ref('ref_service_item') }} as items
        on agreed.item_code = items.item_code
    left join delivered
        on agreed.provider = delivered.policy_provider
        and agreed.policy_no = delivered.policy_no
        and agreed.item_code = delivered.item
    where delivered.policy_no is null
)

select * from final
