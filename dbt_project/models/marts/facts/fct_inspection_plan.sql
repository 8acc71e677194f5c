-- 检查计划: newest known version of each record.
select
    plans.plan_no,
    plans.department,
    plans.campaign,
    plans.target_type,
    plans.subject,
    plans.planned,
    plans.planned_from,
    plans.planned_to,
    senders.jurisdiction,
    plans.provider,
    plans.received_at,
    plans.file_id,
    plans.sheet,
    plans.line_no
from (
    {{ newest_versions('inspection_plan') }}
) as plans
inner join {{ ref('ref_provider') }} as senders
    on plans.provider = senders.provider
