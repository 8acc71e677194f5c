-- 批单: the version of each endorsement that counts.
select
    newest.*,
    coalesce(awaiting.awaits, false) as awaits_confirmation
from ({{ newest_versions('endorsement') }}) as newest
left join ({{ awaiting('endorsement') }}) as awaiting
    on newest.provider = awaiting.provider
    and newest.endorsement_no = awaiting.record_key
