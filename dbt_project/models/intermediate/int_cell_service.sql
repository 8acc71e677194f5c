-- Completed services per cell, by form, provider type and item (M36, M39). The units they reached: int_cell_units.
with

final as (
    select
        {{ cell_columns() }},
        count(*) as services,
        sum(case when form = '线上' then 1 else 0 end) as services_online,
        sum(case when form = '线下' then 1 else 0 end) as services_onsite,
        sum(case when provider_type = '自有' then 1 else 0 end) as services_own_staff,
        sum(case when provider_type = '外聘' then 1 else 0 end) as services_hired_experts,
        sum(case when provider_type = '委托' then 1 else 0 end) as services_entrusted,
        {%- for item in ['training', 'risk_assessment', 'standardisation', 'hazard_check', 'emergency', 'technology', 'other'] %}
        sum(case when item = '{{ item }}' then 1 else 0 end) as services_{{ item }},
        {%- endfor %}
        sum(coalesce(hazards_found, 0)) as hazards_found,
        sum(coalesce(participants, 0)) as participants,
        sum(coalesce(satisfaction, 0)) as satisfaction_points,
        count(satisfaction) as satisfaction_answers
    from {{ ref('evidence_service') }}
    group by {{ cell_groups() }}
)

select * from final
