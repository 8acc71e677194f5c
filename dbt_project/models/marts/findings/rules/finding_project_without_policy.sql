-- A project under construction that no policy in force names, and whose builder has no annual policy of the field (应急〔2025〕27号 第二条).
select
    {{ finding(
        'project_without_policy', 'objects', feed='project', key='objects.object_code', found_on='objects.as_of',
        evidence="'project:' || objects.object_code || coalesce('；policy:' || objects.policy_provider || '/' || objects.policy_no, '')",
        subject_type='生产经营单位', subject='objects.unit_uscc', industry="'construction'"
    ) }}
from {{ ref('insured_objects') }} as objects
where objects.object_kind = '建设工程' and objects.is_listed and objects.is_active and not objects.is_insured and not objects.is_pending
