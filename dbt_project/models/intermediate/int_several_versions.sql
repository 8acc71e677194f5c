-- Records of which several versions are known, by feed and fingerprint of their identity (macros/knowledge.sql). Looked for once:
-- all that chooses among versions puts these in order and no others, as nearly every record comes once.
{% for feed in feed_names() -%}
select
    '{{ feed }}' as feed,
    {{ identity_hash(feed) }} as identity_hash
from {{ staged(feed) }} as versions
group by identity_hash
having count(*) > 1
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
