-- 还没有更正的行：哪个文件第几行，错在哪
select provider, feed, file_name, sheet, line_no, column_name, raw_value, message
from quality.quarantine
where status = 'open' and severity = 'reject'
order by provider, feed, file_name, line_no
