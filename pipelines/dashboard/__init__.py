"""The interactive page over the published file.

What belongs here: layout and wording of the page, and its server. What does not: numbers (marts), their explanation
(pipelines/explain), lists, charts and rights (pipelines/warehouse, pipelines/documents).
"""
