-- 哪些部门、区市还没有报领导小组或联络员
select jurisdiction, provider_name, role from marts.contact_roles where not is_named order by all
