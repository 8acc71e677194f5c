-- 宣传与线上服务的触达: publicity by channel (documents of kind 宣传) and services by channel and form of activity, with the people they
-- reached (威应急发〔2023〕11号 四(五)三; 沪安委办〔2023〕32号 一(一)).
with

told as (
    select
        senders.jurisdiction,
        cast(documents.year as integer) as stat_year,
        '宣传' as source_kind,
        coalesce(documents.channel, '未写明') as channel,
        '宣传' as activity,
        documents.reach,
        cast(null as bigint) as participants,
        'document:' || documents.provider || '/' || documents.doc_no as evidence_key
    from {{ ref('fct_document') }} as documents
    inner join {{ ref('ref_provider') }} as senders
        on documents.provider = senders.provider
    where documents.kind = '宣传'

    union all

    select
        jurisdiction,
        {{ year_of('finished_on') }} as stat_year,
        '服务' as source_kind,
        coalesce(channel, case form when '线下' then '现场' else '未写明' end) as channel,
        coalesce(activity, '未写明') as activity,
        reach,
        participants,
        cast(null as string) as evidence_key
    from {{ ref('fct_service') }}
    where is_completed and has_valid_policy and finished_on is not null
)

select
    jurisdiction,
    stat_year,
    source_kind,
    channel,
    activity,
    count(*) as activities,
    cast(sum(coalesce(participants, 0)) as bigint) as participants,
    cast(sum(coalesce(reach, 0)) as bigint) as reach,
    {{ joined_values('evidence_key', '；') }} as evidence_keys
from told
where jurisdiction is not null
group by jurisdiction, stat_year, source_kind, channel, activity
