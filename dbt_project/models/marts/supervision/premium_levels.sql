-- 价格水平: premium per insured person, and per yuan of contract for construction projects, of policies begun in the year, by insurer, field
-- and size of the unit, beside the field's (威应急发〔2023〕11号 四(五)二; 沪安委办〔2023〕32号 二(一)). Amounts before ratios: sum over sum.
-- The policies are those of evidence_policy; single ones far below their field are findings (price_far_from_field).
with

projects as (
    select
        project_code,
        max(cost) as cost
    from {{ ref('dim_project') }}
    group by project_code
),

policies as (
    select
        begun.jurisdiction,
        begun.stat_year,
        begun.insurer_code,
        begun.industry_code,
        coalesce(sizes.size_band, '未报') as size_band,
        case when begun.insured_persons > 0 then begun.premium_received end as premium_of_persons,
        case when begun.insured_persons > 0 then begun.insured_persons end as persons,
        case when projects.cost > 0 then begun.premium_received end as premium_of_contracts,
        case when projects.cost > 0 then projects.cost end as contract_cost,
        case when begun.insured_persons > 0 then cast(begun.premium_received as double) / begun.insured_persons end as price
    from {{ ref('evidence_policy') }} as begun
    inner join {{ ref('fct_policy') }} as told
        on begun.provider = told.provider
        and begun.policy_no = told.policy_no
    left join projects
        on told.project_code = projects.project_code
    left join {{ ref('int_unit_size') }} as sizes
        on begun.insured_uscc = sizes.uscc
    where begun.is_incepted and not begun.awaits_confirmation
),

grouped as (
    select
        jurisdiction,
        stat_year,
        case when grouping(insurer_code) = 1 then 'ALL' else insurer_code end as insurer_code,
        industry_code,
        case when grouping(size_band) = 1 then '合计' else size_band end as size_band,
        count(*) as policies,
        sum(premium_of_persons) as premium_of_persons,
        sum(persons) as persons,
        sum(premium_of_contracts) as premium_of_contracts,
        sum(contract_cost) as contract_cost,
        min(price) as lowest_price,
        max(price) as highest_price
    from policies
    group by grouping sets (
        (jurisdiction, stat_year, insurer_code, industry_code, size_band),
        (jurisdiction, stat_year, insurer_code, industry_code),
        (jurisdiction, stat_year, industry_code, size_band),
        (jurisdiction, stat_year, industry_code)
    )
),

priced as (
    select
        *,
        {{ ratio('premium_of_persons', 'persons') }} as premium_per_person,
        {{ ratio('premium_of_contracts', 'contract_cost') }} as premium_per_contract_yuan
    from grouped
),

final as (
    select
        own.jurisdiction,
        own.stat_year,
        own.insurer_code,
        own.industry_code,
        own.size_band,
        own.policies,
        {{ yuan('coalesce(own.premium_of_persons, 0)') }} as premium_received,
        cast(coalesce(own.persons, 0) as bigint) as insured_persons,
        round(own.premium_per_person, 6) as premium_per_person,
        round(field.premium_per_person, 6) as field_premium_per_person,
        round(own.premium_per_person / nullif(field.premium_per_person, 0), 6) as level_against_field,
        round(own.lowest_price, 6) as lowest_premium_per_person,
        round(own.highest_price, 6) as highest_premium_per_person,
        {{ yuan('coalesce(own.premium_of_contracts, 0)') }} as premium_of_contracts,
        {{ yuan('coalesce(own.contract_cost, 0)') }} as contract_cost,
        round(own.premium_per_contract_yuan, 9) as premium_per_contract_yuan
    from priced as own
    inner join priced as field
        on own.jurisdiction = field.jurisdiction
        and own.stat_year = field.stat_year
        and own.industry_code = field.industry_code
        and own.size_band = field.size_band
        and field.insurer_code = 'ALL'
)

select * from final
