-- 一家单位的全部经历：保单、服务、隐患、理赔、事故，按时间
with unit as (select uscc from marts.unit_360 order by hazards desc, uscc limit 1),
events as (
    select inception_date as day, '起保' as event, policy_no as key, premium_received as amount, file_id, line_no from marts.fct_policy where insured_uscc = (from unit)
    union all select finished_on, '服务 ' || item, service_no, null, file_id, line_no from marts.fct_service where insured_uscc = (from unit) and is_completed
    union all select found_date, grade || '隐患', hazard_no, null, file_id, line_no from marts.fct_hazard where insured_uscc = (from unit)
    union all select loss_date, '出险', claim_no, paid_to_date, file_id, line_no from marts.fct_claim where insured_uscc = (from unit)
    union all select cast(occurred_at as date), '事故', accident_id, direct_loss, file_id, line_no from marts.fct_accident where uscc = (from unit)
)
select events.day, events.event, events.key, events.amount, files.file_name, events.line_no
from events left join quality.files as files using (file_id)
order by events.day
