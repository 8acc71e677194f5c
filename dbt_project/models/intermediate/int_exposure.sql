-- 在保日与受服务日: of each unit, field and year the days insured, and those of them on which a completed service lay at most a year back:
-- exposure with and without prevention. Days, not units: whoever is served late in the year is unserved until then.
with

visited as (
    select distinct
        services.insured_uscc,
        services.industry_code,
        services.finished_on as starts_on,
        {{ add_days('services.finished_on', 364) }} as ends_on
    from {{ ref('fct_service') }} as services
    where services.is_completed and services.has_valid_policy
),

until as (
    select
        *,
        max(ends_on) over (
            partition by insured_uscc, industry_code order by starts_on rows between unbounded preceding and 1 preceding
        ) as served_until
    from visited
),

numbered as (
    select
        *,
        sum(case when starts_on <= {{ add_days('served_until', 1) }} then 0 else 1 end) over (
            partition by insured_uscc, industry_code order by starts_on rows between unbounded preceding and current row
        ) as stretch
    from until
),

served as (
    select
        insured_uscc,
        industry_code,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from numbered
    group by insured_uscc, industry_code, stretch
),

years as (
    select distinct
        stat_year,
        make_date(stat_year, 1, 1) as period_start,
        period_end
    from {{ ref('int_period') }}
),

covered as (
    select
        covers.insured_uscc,
        covers.industry_code,
        years.stat_year,
        greatest(covers.starts_on, years.period_start) as starts_on,
        least(covers.ends_on, years.period_end) as ends_on
    from {{ ref('int_cover_island') }} as covers
    inner join years
        on covers.starts_on <= years.period_end
        and covers.ends_on >= years.period_start
),

final as (
    select
        covered.insured_uscc,
        covered.industry_code,
        covered.stat_year,
        sum(
            case
                when served.insured_uscc is not null
                    then {{ days_inclusive('greatest(covered.starts_on, served.starts_on)', 'least(covered.ends_on, served.ends_on)') }}
                else 0
            end
        ) as served_days
    from covered
    left join served
        on covered.insured_uscc = served.insured_uscc
        and covered.industry_code = served.industry_code
        and covered.starts_on <= served.ends_on
        and covered.ends_on >= served.starts_on
    group by covered.insured_uscc, covered.industry_code, covered.stat_year
),

insured as (
    select
        insured_uscc,
        industry_code,
        stat_year,
        sum({{ days_inclusive('starts_on', 'ends_on') }}) as insured_days
    from covered
    group by insured_uscc, industry_code, stat_year
)

select
    insured.insured_uscc,
    insured.industry_code,
    insured.stat_year,
    insured.insured_days,
    final.served_days,
    insured.insured_days - final.served_days as unserved_days
from insured
inner join final
    on insured.insured_uscc = final.insured_uscc
    and insured.industry_code = final.industry_code
    and insured.stat_year = final.stat_year
