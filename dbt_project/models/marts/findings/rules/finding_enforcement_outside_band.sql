-- 罚款不在法定幅度: Art. 109 fines a unit that is not insured 50 000 to 100 000 yuan, and 100 000 to 200 000 when it still is not
-- (安全生产法 第一百零九条). A later case may be a first one of its own: any fine between is within.
with

cases as (
    select
        fined.*,
        senders.jurisdiction,
        senders.district_code,
        row_number() over (partition by fined.uscc order by fined.decided_on, fined.case_no, fined.provider) as place
    from {{ ref('fct_enforcement') }} as fined
    inner join {{ ref('ref_provider') }} as senders
        on fined.provider = senders.provider
    where fined.uscc is not null and (fined.law_article like '%109%' or fined.law_article like '%一百零九%')
),

banded as (
    select
        cases.*,
        {{ rule_value('uninsured_fine_first_min', 'cases.decided_on', 'cases.jurisdiction') }} as least_fine,
        case
            when cases.place = 1 then {{ rule_value('uninsured_fine_first_max', 'cases.decided_on', 'cases.jurisdiction') }}
            else {{ rule_value('uninsured_fine_repeat_max', 'cases.decided_on', 'cases.jurisdiction') }}
        end as most_fine
    from cases
)

select
    {{ finding(
        'enforcement_outside_band', 'cases', feed='enforcement', key='cases.case_no', found_on='cases.decided_on',
        evidence="'enforcement:' || cases.provider || '/' || cases.case_no",
        value_1="coalesce(cast(cases.fine as string), '未填')",
        value_2="cast(cast(cases.least_fine as bigint) as string) || '–' || cast(cast(cases.most_fine as bigint) as string)",
        amount='cases.fine', subject_type='主管部门', subject='cases.provider', industry='null', insurer='null', unit='cases.uscc'
    ) }}
from banded as cases
where not coalesce(cases.fine between cases.least_fine and cases.most_fine, false)
