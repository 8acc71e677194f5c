"""How figures, charts and workbooks are written, whatever they say.

What belongs here: forms: a number in words, a chart, a sheet. What does not: which numbers (pipelines/report,
pipelines/site, pipelines/explain).
"""
