"""Pages for readers that only a server can give: filters in the address, every number with its records, lists by page, exports.

What belongs here: layout and wording of these pages, the audience's static site from the same address. What does not: numbers (marts),
their explanation (pipelines/explain), lists, charts and rights (pipelines/warehouse, pipelines/documents), signing in (pipelines/access).
"""
