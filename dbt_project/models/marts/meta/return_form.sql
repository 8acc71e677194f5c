-- 年度报告的标题、主送单位、署名 of each city (ref_return): its own, else the common one.
with

forms as (
    {{ of_each_city('ref_return') }}
)

select
    city as jurisdiction,
    city_name as jurisdiction_name,
    replace(title, '{city}', city_name) as title,
    replace(addressee, '{city}', city_name) as addressee,
    replace(issuer, '{city}', city_name) as issuer,
    obligation_code,
    source_doc,
    article
from forms
