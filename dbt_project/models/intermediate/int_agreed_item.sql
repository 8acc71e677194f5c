-- 合同约定项目: the items of service that each policy's text names, by name or alias, never by number (domain.md 3.2).
with

texts as (
    select distinct service_items from {{ ref('fct_policy') }}
),

names as (
    select item_code, name from {{ ref('ref_service_item') }}
    union all
    select code as item_code, alias as name from {{ ref('ref_alias') }} where code_list = 'service_item'
),

final as (
    select distinct
        texts.service_items,
        names.item_code
    from texts
    inner join names
        on texts.service_items like '%' || names.name || '%'
)

select * from final
