-- 年度报告的标题、主送单位、署名、抄送 per city and kind of owner (ref_return): the city's own, else the common ones. The row without a
-- kind is the compilation of the whole city. What names the year, the owner, its scope and the notice is filled in by the report.
with

forms as (
    {{ of_each_city('ref_return') }}
)

select
    city as jurisdiction,
    city_name as jurisdiction_name,
    coalesce(owner_kind, 'city_bureau') as owner_kind,
    coalesce(scope, 'whole') as scope,
    replace(title, '{city}', city_name) as title,
    replace(addressee, '{city}', city_name) as addressee,
    replace(issuer, '{city}', city_name) as issuer,
    replace(copy_to, '{city}', city_name) as copy_to,
    obligation_code,
    source_doc,
    article
from forms
