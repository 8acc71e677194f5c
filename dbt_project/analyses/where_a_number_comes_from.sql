-- 参保率的分母由哪些文件的哪些行构成
select rows.uscc, rows.is_insured, rows.policy_no, files.provider, files.file_name, rows.sheet, rows.line_no, files.received_at
from marts.evidence_participation as rows
inner join quality.files as files using (file_id)
where rows.jurisdiction = 'weihai' and rows.stat_year = 2025 and rows.district_code = '371002'
order by files.file_name, rows.line_no
