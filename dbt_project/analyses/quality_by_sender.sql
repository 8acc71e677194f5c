-- 各报送单位的数据质量得分（最近一月）与低分原因
select provider, feed, month, score, validity, completeness, timeliness, consistency, rows_in, rows_quarantined
from quality.provider_scorecard
qualify row_number() over (partition by provider, feed order by month desc) = 1
order by score nulls last, provider
