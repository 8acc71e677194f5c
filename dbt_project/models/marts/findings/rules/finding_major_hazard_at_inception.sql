-- 承保时重大隐患未整改: a major hazard of the unit, known before cover began, was not rechecked by then. A fact to follow: an insurer
-- may wait for rectification and need not (威应急发〔2023〕11号 二(五): 可在其整改后承保); one found on the first day under the cover is later.
with

-- Of several the one to speak of: not rechecked to this day, else rechecked last.
open_hazards as (
    select
        policies.provider,
        policies.policy_no,
        hazards.provider || '/' || hazards.hazard_no as hazard,
        hazards.rechecked_on,
        row_number() over (
            partition by policies.provider, policies.policy_no
            order by coalesce(hazards.rechecked_on, date '9999-12-31') desc, hazards.provider, hazards.hazard_no
        ) as place
    from {{ ref('fct_policy') }} as policies
    inner join {{ ref('fct_hazard') }} as hazards
        on policies.insured_uscc = hazards.insured_uscc
        and policies.inception_date >= hazards.found_date
        and (hazards.rechecked_on is null or policies.inception_date < hazards.rechecked_on)
    where policies.is_valid and hazards.grade = '重大'
        and (policies.inception_date > hazards.found_date or coalesce(hazards.moment, '') not in ('保险期间', '出险后'))
)

select
    {{ finding(
        'major_hazard_at_inception', 'policies', feed='policy', key='policies.policy_no', found_on='policies.inception_date',
        evidence="'policy:' || policies.provider || '/' || policies.policy_no || '；hazard:' || open_hazards.hazard",
        value_1=own_number('open_hazards.hazard'), value_2='open_hazards.rechecked_on', unit='policies.insured_uscc',
        is_past='open_hazards.rechecked_on is not null'
    ) }}
from {{ ref('fct_policy') }} as policies
inner join open_hazards
    on policies.provider = open_hazards.provider
    and policies.policy_no = open_hazards.policy_no
    and open_hazards.place = 1
cross join {{ ref('int_as_of') }} as days
where policies.inception_date <= days.as_of
