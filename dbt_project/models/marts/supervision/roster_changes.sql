-- 名录变更记录: what each department changed in its roster after its first delivery, one row per unit, field and delivery
-- (威应急发〔2023〕11号 四(四)): units added, removed, taken back, and what was said differently.
{% set compared = {
    'mandatory': '应保', 'exempt_reason': '列外原因', 'district_code': '所在区市', 'operating_status': '经营状态', 'employees': '从业人员数',
    'department': '监管部门', 'permit_valid_to': '许可证有效期至', 'name': '企业名称',
} %}
with

versions as (
    select
        rows_sent.*,
        coalesce(rows_sent.record_status, '正常') = '撤销' as is_withdrawn,
        row_number() over (
            partition by rows_sent.provider, rows_sent.uscc, rows_sent.industry_code
            order by rows_sent.received_at, rows_sent.file_name, rows_sent.sheet, rows_sent.line_no, rows_sent.file_id
        ) as version_no
    from {{ staged('enterprise') }} as rows_sent
),

begun as (
    select
        provider,
        min(cast(received_at as date)) as begun_on
    from {{ staged('enterprise') }}
    group by provider
),

sides as (
    select
        versions.*,
        before.uscc is not null as was_there,
        before.listed_to as listed_to_before,
        concat_ws(
            '；'
            {%- for column, title in compared.items() %},
            case
                when versions.{{ column }} is distinct from before.{{ column }}
                    then '{{ title }}：'
                    || coalesce(cast(before.{{ column }} as string), '空') || ' → ' || coalesce(cast(versions.{{ column }} as string), '空')
            end
            {%- endfor %}
        ) as differences
    from versions
    left join versions as before
        on versions.provider = before.provider
        and versions.uscc = before.uscc
        and versions.industry_code = before.industry_code
        and versions.version_no = before.version_no + 1
        and not before.is_withdrawn
),

named as (
    select
        sides.*,
        case
            when sides.is_withdrawn then '撤销'
            when not sides.was_there then '新增'
            when coalesce(sides.listed_to <> sides.listed_to_before, sides.listed_to is not null) then '移出'
            when sides.differences <> '' then '变更'
        end as change
    from sides
),

final as (
    select
        districts.jurisdiction,
        named.provider,
        senders.name as provider_name,
        named.district_code,
        named.industry_code,
        named.uscc,
        named.name as unit_name,
        named.change,
        case
            when named.change = '移出' then '移出日期 ' || cast(named.listed_to as string)
            when named.change = '变更'
                then replace(replace(named.differences, 'true', '是'), 'false', '否')
        end as difference,
        named.received_at,
        named.file_id,
        named.sheet,
        named.line_no
    from named
    inner join begun
        on named.provider = begun.provider
    left join {{ ref('ref_district') }} as districts
        on named.district_code = districts.district_code
    left join {{ ref('dim_provider') }} as senders
        on named.provider = senders.provider
    where named.change is not null and cast(named.received_at as date) > begun.begun_on
)

select * from final
