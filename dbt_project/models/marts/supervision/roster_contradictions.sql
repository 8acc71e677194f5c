-- 名录口径不一: units of which rightful senders say different things at the same time (应保, 区市, 经营状态, 移出), a row for each
-- sender's newest word. The newest of all counts (trust.md 1); these rows are for the senders to agree upon.
with

words as (
    select
        said.*,
        row_number() over (partition by said.uscc, said.industry_code order by {{ newest_first() }}) = 1 as counts
    from ({{ standing_words('enterprise') }}) as said
),

differing as (
    select
        uscc,
        industry_code,
        max(case when counts then provider end) as counting_provider,
        count(distinct mandatory) > 1 as mandatory_differs,
        count(distinct district_code) > 1 as district_differs,
        count(distinct operating_status) > 1 as status_differs,
        count(distinct coalesce(cast(listed_to as string), '')) > 1 as removal_differs
    from words
    group by uscc, industry_code
    having count(*) > 1
),

final as (
    select
        districts.jurisdiction,
        words.district_code,
        words.industry_code,
        words.uscc,
        words.name as unit_name,
        words.provider,
        providers.name as provider_name,
        words.received_at,
        words.counts,
        differing.counting_provider,
        counting.name as counting_provider_name,
        concat_ws(
            '、',
            case when differing.mandatory_differs then '应保' end,
            case when differing.district_differs then '所在区市' end,
            case when differing.status_differs then '经营状态' end,
            case when differing.removal_differs then '移出日期' end
        ) as differing,
        words.mandatory,
        words.operating_status,
        words.status_date,
        words.listed_to,
        words.file_id,
        words.sheet,
        words.line_no
    from words
    inner join differing
        on words.uscc = differing.uscc
        and words.industry_code = differing.industry_code
    inner join {{ ref('ref_district') }} as districts
        on words.district_code = districts.district_code
    inner join {{ ref('ref_provider') }} as providers
        on words.provider = providers.provider
    inner join {{ ref('ref_provider') }} as counting
        on differing.counting_provider = counting.provider
    where differing.mandatory_differs or differing.district_differs or differing.status_differs or differing.removal_differs
)

select * from final
