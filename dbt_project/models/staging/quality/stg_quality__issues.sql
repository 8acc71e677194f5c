-- Rejected rows, warnings and refused files, as found when a file was read.
with

issues as (
    select * from {{ landed_in('landing', '_issues') }}
),

final as (
    select
        issues.*,
        {{ reject_no('issues') }} as reject_no,
        files.provider,
        -- A workbook of any feed may have a sheet of declarations (pipelines/ingest/readers/tables.py).
        case when issues.sheet = '报送声明' then 'declaration' else files.feed end as feed,
        files.file_name,
        files.received_at
    from issues
    inner join {{ ref('stg_quality__files') }} as files
        on issues.file_id = files.file_id
    where files.is_known
)

select * from final
