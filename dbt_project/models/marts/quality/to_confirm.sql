-- 待核实金额: what was asked back and does not count yet, a row per amount; see int_to_confirm.
select
    providers.jurisdiction,
    amounts.provider,
    amounts.feed,
    amounts.record_key,
    amounts.column_name,
    amounts.amount,
    amounts.usual_amount,
    amounts.received_at,
    files.file_name,
    amounts.file_id,
    amounts.sheet,
    amounts.line_no,
    amounts.subject_no
from {{ ref('int_to_confirm') }} as amounts
inner join {{ ref('ref_provider') }} as providers
    on amounts.provider = providers.provider
inner join {{ ref('stg_quality__files') }} as files
    on amounts.file_id = files.file_id
