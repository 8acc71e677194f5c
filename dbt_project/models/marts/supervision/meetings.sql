-- 会议与落实: meetings that departments and bureaus sent (feed document, 会议) with what was to follow (威应急发〔2023〕11号 三(二)1、四(一);
-- 沪安委办〔2023〕32号 三(一)).
with

-- A day on which one stage ends and the next begins is of the earlier one.
staged as (
    select
        documents.file_id,
        documents.sheet,
        documents.line_no,
        stages.name as stage,
        row_number() over (
            partition by documents.file_id, documents.sheet, documents.line_no order by stages.starts_on, stages.stage_code
        ) as place
    from {{ ref('fct_document') }} as documents
    inner join {{ ref('ref_provider') }} as providers
        on documents.provider = providers.provider
    inner join {{ ref('ref_stage') }} as stages
        on providers.jurisdiction = stages.jurisdiction
        and documents.doc_date between stages.starts_on and stages.ends_on
    where documents.kind = '会议'
),

final as (
    select
        providers.jurisdiction,
        documents.provider,
        providers.name as provider_name,
        documents.doc_no,
        documents.doc_date,
        documents.year as stat_year,
        documents.title,
        staged.stage,
        documents.follow_up,
        documents.follow_up_due,
        documents.followed_up_on,
        case
            when documents.follow_up is null then '无后续事项'
            when documents.followed_up_on <= today.as_of then '已落实'
            when documents.follow_up_due < today.as_of then '逾期未落实'
            else '待落实'
        end as state,
        documents.file_id,
        documents.sheet,
        documents.line_no
    from {{ ref('fct_document') }} as documents
    cross join {{ ref('int_as_of') }} as today
    inner join {{ ref('ref_provider') }} as providers
        on documents.provider = providers.provider
    left join staged
        on documents.file_id = staged.file_id
        and documents.sheet is not distinct from staged.sheet
        and documents.line_no = staged.line_no
        and staged.place = 1
    where documents.kind = '会议'
)

select * from final
