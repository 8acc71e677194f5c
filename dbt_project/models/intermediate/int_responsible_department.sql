-- 监管部门: who answers for a field in a city: its industry department among the senders, else the city bureau.
with

departments as (
    select * from {{ ref('ref_provider') }} where kind = 'industry_department'
),

bureaus as (
    select
        jurisdiction,
        min(name) as name
    from {{ ref('ref_provider') }}
    where kind = 'city_bureau'
    group by jurisdiction
),

final as (
    select
        bureaus.jurisdiction,
        industries.industry_code,
        coalesce(min(departments.name), min(bureaus.name)) as department
    from bureaus
    cross join {{ ref('ref_industry') }} as industries
    left join departments
        on bureaus.jurisdiction = departments.jurisdiction
        and industries.industry_code = departments.industry_code
    group by bureaus.jurisdiction, industries.industry_code
)

select * from final
