{#- Kilometres between two places given in degrees, on a sphere (haversine). -#}
{% macro distance_km(longitude, latitude, other_longitude, other_latitude) -%}
    (
        2 * 6371 * asin(sqrt(
            power(sin(radians({{ other_latitude }} - {{ latitude }}) / 2), 2)
            + cos(radians({{ latitude }})) * cos(radians({{ other_latitude }}))
            * power(sin(radians({{ other_longitude }} - {{ longitude }}) / 2), 2)
        ))
    )
{%- endmacro %}
