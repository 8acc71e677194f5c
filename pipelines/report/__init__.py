"""The statutory returns, and the workbooks senders get: rejections and templates.

What belongs here: what these documents say, and freezing a return. What does not: numbers (marts), how charts and
sheets are written (pipelines/documents).
"""
