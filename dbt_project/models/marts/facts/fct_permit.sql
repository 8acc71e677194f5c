-- 许可证: newest known version of each record.
select
    newest.permit_no,
    newest.uscc,
    newest.name,
    newest.kind,
    newest.industry_code,
    newest.valid_from,
    newest.valid_to,
    newest.status,
    providers.jurisdiction,
    newest.provider,
    newest.received_at,
    newest.file_id,
    newest.sheet,
    newest.line_no
from (
    {{ newest_versions('permit') }}
) as newest
inner join {{ ref('ref_provider') }} as providers
    on newest.provider = providers.provider
