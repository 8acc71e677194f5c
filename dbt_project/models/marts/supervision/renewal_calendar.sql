-- 续保日历: valid policies that end within 90 days and have no successor: no valid cover of the same unit and field, whoever insures it,
-- that goes on after them (威应急发〔2023〕11号 三(二); 应急〔2025〕27号: no lapse).
with

ending as (
    select
        policies.*,
        today.as_of,
        {{ days_inclusive('today.as_of', 'policies.cover_end') }} - 1 as days_left
    from {{ ref('fct_policy') }} as policies
    cross join {{ ref('int_as_of') }} as today
    where policies.is_valid
        and policies.inception_date <= policies.cover_end
        and policies.cover_end between today.as_of and {{ add_days('today.as_of', 90) }}
),

followed as (
    select distinct
        ending.provider,
        ending.policy_no
    from ending
    inner join {{ ref('int_cover_island') }} as covers
        on ending.insured_uscc = covers.insured_uscc
        and ending.industry_code = covers.industry_code
        and ending.cover_end between covers.starts_on and covers.ends_on
    where covers.ends_on > ending.cover_end
),

required as (
    select
        roster.uscc,
        roster.industry_code
    from {{ ref('fct_roster') }} as roster
    cross join {{ ref('int_as_of') }} as today
    where roster.is_required and {{ is_on_roster('roster', 'today.as_of') }}
),

final as (
    select
        ending.jurisdiction,
        ending.district_code,
        ending.industry_code,
        ending.insurer_code,
        ending.insured_uscc,
        ending.provider,
        ending.policy_no,
        ending.inception_date,
        ending.cover_end,
        ending.days_left,
        case when ending.days_left <= 30 then '30 天内' when ending.days_left <= 60 then '60 天内' else '90 天内' end as ends_within,
        required.uscc is not null as is_required,
        ending.premium_received,
        ending.insured_persons,
        ending.as_of,
        ending.file_id,
        ending.sheet,
        ending.line_no
    from ending
    left join followed
        on ending.provider = followed.provider
        and ending.policy_no = followed.policy_no
    left join required
        on ending.insured_uscc = required.uscc
        and ending.industry_code = required.industry_code
    where followed.policy_no is null
)

select * from final
